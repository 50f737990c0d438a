"""What each torch operation is, by its functional name: the one table that every measure looks up.

An operation that stands here is *known*: a measure either has a formula for it or knows that it costs
nothing in that measure's terms. Anything else is reported as unknown, never counted as zero: what solves,
factorises or inverts matrices does not stand here, nor do sparse products.
"""

CATEGORIES = {
    "convolution": "conv1d conv2d conv3d convolution",
    "transposed convolution": "conv_transpose1d conv_transpose2d conv_transpose3d",
    "linear": "linear",
    "product": """matmul mm bmm mv dot vdot inner addmm addmv addbmm baddbmm einsum tensordot bilinear conv_tbc
        deform_conv2d linalg_vecdot linalg_multi_dot chain_matmul cdist linalg_solve_triangular
        scaled_mm int_mm grouped_mm scaled_grouped_mm cov corrcoef linear_cross_entropy""",
    "attention": "scaled_dot_product_attention multi_head_attention_forward flex_attention",
    "recurrent": "lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell",
    "pooling": """max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d lp_pool3d
        max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices""",
    "global pooling": """adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
        adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d adaptive_max_pool1d_with_indices
        adaptive_max_pool2d_with_indices adaptive_max_pool3d_with_indices fractional_max_pool2d fractional_max_pool3d
        fractional_max_pool2d_with_indices fractional_max_pool3d_with_indices""",
    "normalisation": """batch_norm layer_norm group_norm instance_norm rms_norm local_response_norm normalize
        weight_norm native_batch_norm native_layer_norm native_group_norm fused_rms_norm renorm""",
    "softmax": "softmax log_softmax softmin gumbel_softmax safe_softmax",
    "activation": """relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish sigmoid logsigmoid
        hardsigmoid hardswish hardtanh hardshrink softshrink tanh tanhshrink softplus softsign threshold glu""",
    "elementwise": """add sub rsub mul div floor_divide remainder fmod pow rpow float_power neg abs exp exp2 expm1 log
        log1p log2 log10 sqrt rsqrt square reciprocal sin cos tan asin acos atan atan2 sinh cosh asinh acosh atanh
        sinc erf erfc erfinv sgn sign signbit copysign floor ceil round trunc frac clamp clamp_min clamp_max minimum
        maximum fmin fmax where masked_fill lerp addcmul addcdiv eq ne lt le gt ge isclose logical_and logical_or
        logical_not logical_xor bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift
        isnan isinf isfinite isposinf isneginf isreal nan_to_num outer addr kron cross linalg_cross logaddexp
        logaddexp2 logit hypot xlogy deg2rad rad2deg angle polar complex conj_physical heaviside lgamma digamma
        polygamma mvlgamma igamma igammac i0 i0e i1 i1e entr erfcx ndtr ndtri log_ndtr xlog1py zeta frexp
        ldexp nextafter gcd lcm dequantize quantize_per_tensor
        quantize_per_channel fake_quantize_per_tensor_affine fake_quantize_per_channel_affine
        fused_moving_avg_obs_fake_quant quantize_per_tensor_dynamic""",
    "reduction": """sum mean prod max min amax amin aminmax argmax argmin std var std_mean var_mean norm nansum
        nanmean linalg_vector_norm linalg_norm frobenius_norm logsumexp cumsum cumprod cummax cummin logcumsumexp all
        any median nanmedian mode count_nonzero trace dist diff mse_loss l1_loss smooth_l1_loss huber_loss
        cross_entropy nll_loss binary_cross_entropy binary_cross_entropy_with_logits cosine_similarity
        pairwise_distance kl_div equal trapezoid cumulative_trapezoid quantile nanquantile pdist ctc_loss
        cosine_embedding_loss gaussian_nll_loss hinge_embedding_loss margin_ranking_loss multi_margin_loss
        multilabel_margin_loss multilabel_soft_margin_loss poisson_nll_loss soft_margin_loss triplet_margin_loss
        triplet_margin_with_distance_loss is_all_true is_any_true""",
    "resampling": """interpolate upsample grid_sample grid_sampler grid_sampler_2d grid_sampler_3d affine_grid
        affine_grid_generator roi_align roi_pool ps_roi_align ps_roi_pool""",
    "transform": """fft_fft fft_ifft fft_rfft fft_irfft fft_hfft fft_ihfft fft_fft2 fft_ifft2 fft_rfft2 fft_irfft2
        fft_hfft2 fft_ihfft2 fft_fftn fft_ifftn fft_rfftn fft_irfftn fft_hfftn fft_ihfftn stft istft""",
    "dropout": """dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout""",
    "embedding": "embedding embedding_bag one_hot",
    "movement": """cat stack hstack vstack dstack column_stack pad roll flip fliplr flipud rot90 repeat
        repeat_interleave tile gather scatter scatter_add scatter_reduce index_select index_add index_copy index_fill
        index_put index_reduce index masked_select masked_scatter take take_along_dim put setitem copy clone
        contiguous tril triu channel_shuffle sort msort kthvalue topk argsort argwhere unfold fold meshgrid block_diag
        diag diagflat diag_embed slice_scatter select_scatter diagonal_scatter fill_diagonal to float double half
        bfloat16 long int short char byte bool cfloat cdouble chalf type type_as zeros_like ones_like full_like
        empty_like rand_like randn_like randint_like new_zeros new_ones new_full new_empty new_tensor fill zero nonzero
        nonzero_static constant_pad_nd cartesian_prod combinations bernoulli uniform normal exponential random
        multinomial poisson cauchy geometric log_normal binomial expand_copy select_copy unravel_index
        as_strided_scatter searchsorted bucketize max_unpool1d max_unpool2d max_unpool3d fft_fftshift fft_ifftshift
        unique unique_consecutive bincount histc isin vander linalg_vander nms to_dense sum_to_size
        pack_padded_sequence pad_packed_sequence pad_sequence zeros ones full empty eye arange linspace rand randn
        randint randperm resize resize_as""",
    "view": """view reshape flatten unflatten squeeze unsqueeze permute transpose movedim t T mT H mH expand expand_as
        broadcast_to broadcast_tensors chunk split split_with_sizes tensor_split hsplit vsplit dsplit unbind select
        slice narrow diagonal getitem pixel_shuffle pixel_unshuffle view_as reshape_as atleast_1d atleast_2d
        atleast_3d as_strided real imag view_as_real view_as_complex ravel identity alias native_channel_shuffle
        unsafe_chunk unsafe_split unsafe_split_with_sizes unsafe_view conj""",
}

CATEGORY = {operation: category for category, names in CATEGORIES.items() for operation in names.split()}
"""The category of each known operation."""

WEIGHTED = {"convolution", "transposed convolution", "linear", "product", "attention", "recurrent"}
"""Categories that multiply and accumulate; the only ones that count as MACs."""

STATISTICS = frozenset({"running_mean", "running_var"})
"""Arguments of a normalisation whose buffers training fills."""

DRAWS = set(
    """rrelu gumbel_softmax fractional_max_pool2d fractional_max_pool3d fractional_max_pool2d_with_indices
    fractional_max_pool3d_with_indices rand_like randn_like randint_like rand randn randint randperm bernoulli uniform
    normal exponential random multinomial poisson cauchy geometric log_normal binomial""".split()
) | set(CATEGORIES["dropout"].split())
"""Operations that draw random numbers, in training at least: two calls of one give two results."""

ALIASES = dict(
    pair.split("=")
    for pair in """absolute=abs arccos=acos arccosh=acosh arcsin=asin arcsinh=asinh arctan=atan arctan2=atan2
        arctanh=atanh clip=clamp concat=cat concatenate=cat divide=div fix=trunc ger=outer greater=gt
        greater_equal=ge less=lt less_equal=le moveaxis=movedim multiply=mul negative=neg not_equal=ne
        subtract=sub swapaxes=transpose swapdims=transpose true_divide=div row_stack=vstack trapz=trapezoid
        expit=sigmoid psi=digamma gammaln=lgamma gammainc=igamma gammaincc=igammac multigammaln=mvlgamma
        linalg_matmul=matmul linalg_diagonal=diagonal adjoint=mH det=linalg_det inverse=linalg_inv
        matrix_exp=linalg_matrix_exp matrix_power=linalg_matrix_power orgqr=linalg_householder_product
        log_sigmoid=logsigmoid pinverse=linalg_pinv slogdet=linalg_slogdet to_copy=to""".split()
)
"""Torch's second names of an operation, each with its first, under which it stands above."""
