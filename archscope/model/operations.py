"""What each torch operation is, by its functional name: the one table that every measure looks up.

An operation that stands here is *known*: a measure either has a formula for it or knows that it costs
nothing in that measure's terms. Anything else is reported as unknown, never counted as zero.
"""

CATEGORIES = {
    "convolution": "conv1d conv2d conv3d",
    "transposed convolution": "conv_transpose1d conv_transpose2d conv_transpose3d",
    "linear": "linear",
    "product": "matmul mm bmm mv dot vdot inner addmm addmv addbmm baddbmm einsum tensordot bilinear outer",
    "attention": "scaled_dot_product_attention multi_head_attention_forward",
    "recurrent": "lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell",
    "pooling": """max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d
        max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices""",
    "global pooling": """adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
        adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d""",
    "normalisation": """batch_norm layer_norm group_norm instance_norm rms_norm local_response_norm normalize
        weight_norm""",
    "softmax": "softmax log_softmax softmin gumbel_softmax",
    "activation": """relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish sigmoid logsigmoid hardsigmoid
        hardswish hardtanh hardshrink softshrink tanh tanhshrink softplus softsign threshold glu""",
    "elementwise": """add sub rsub mul div floor_divide remainder fmod pow rpow neg abs exp expm1 log log1p log2
        log10 sqrt rsqrt square reciprocal sin cos tan asin acos atan atan2 sinh cosh erf erfc sign floor ceil round
        trunc frac clamp clamp_min clamp_max clip minimum maximum where masked_fill lerp addcmul addcdiv eq ne lt le
        gt ge logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_xor bitwise_not isnan
        isinf isfinite nan_to_num true_divide""",
    "reduction": """sum mean prod max min amax amin aminmax argmax argmin std var std_mean var_mean norm
        linalg_vector_norm linalg_norm logsumexp cumsum cumprod all any median mse_loss l1_loss smooth_l1_loss
        cross_entropy nll_loss binary_cross_entropy binary_cross_entropy_with_logits cosine_similarity kl_div""",
    "resampling": "interpolate upsample grid_sample",
    "dropout": "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout",
    "embedding": "embedding embedding_bag one_hot",
    "movement": """cat concat concatenate stack hstack vstack dstack pad roll flip rot90 repeat repeat_interleave
        tile gather scatter scatter_add index_select index_add index_copy masked_select take take_along_dim setitem
        copy clone contiguous tril triu channel_shuffle sort topk argsort unfold fold meshgrid block_diag diag_embed to
        float double half bfloat16 long int bool type type_as zeros_like ones_like full_like empty_like rand_like
        randn_like new_zeros new_ones new_full new_empty fill zero nonzero constant_pad_nd cartesian_prod
        bernoulli uniform normal expand_copy searchsorted bucketize max_unpool1d max_unpool2d max_unpool3d""",
    "view": """view reshape flatten unflatten squeeze unsqueeze permute transpose swapaxes swapdims movedim moveaxis
        t T mT H mH adjoint expand expand_as broadcast_to broadcast_tensors chunk split split_with_sizes
        tensor_split hsplit vsplit unbind select narrow diagonal getitem pixel_shuffle pixel_unshuffle view_as
        reshape_as atleast_1d atleast_2d atleast_3d as_strided real imag view_as_real view_as_complex ravel
        identity alias ravel native_channel_shuffle""",
}

CATEGORY = {operation: category for category, names in CATEGORIES.items() for operation in names.split()}
"""The category of each known operation."""

WEIGHTED = {"convolution", "transposed convolution", "linear", "product", "attention", "recurrent"}
"""Categories that multiply and accumulate; the only ones that count as MACs."""
