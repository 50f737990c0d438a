"""The bench of `archscope diff`: mutants, which it must not call identical, and rewrites, which it must."""
