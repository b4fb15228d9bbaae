"""What a file of Keras may name: classes, activations, and functions of TensorFlow.

All of it computes and nothing else: none reads a file, looks something up by a name that it is
given, or runs code that is in the file.
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODELS = frozenset({"Functional", "Model", "Sequential"})
_MERGING = "Add Average Concatenate Dot Maximum Minimum Multiply Subtract"
_SHAPING = "Flatten Identity Input InputLayer Masking Permute RepeatVector Reshape"
_OF_DIMENSIONS = """
AveragePooling AvgPool Conv Convolution ConvLSTM Cropping DepthwiseConv GlobalAveragePooling
GlobalAvgPool GlobalMaxPool GlobalMaxPooling LocallyConnected MaxPool MaxPooling SeparableConv
SeparableConvolution SpatialDropout UpSampling ZeroPadding
"""
_DENSE = "AdditiveAttention Attention Dense EinsumDense Embedding MultiHeadAttention"
_NORMALIZING = """
BatchNormalization GroupNormalization LayerNormalization Normalization SpectralNormalization
UnitNormalization
"""
_OF_IMAGES = """
CenterCrop RandomBrightness RandomContrast RandomCrop RandomFlip RandomHeight RandomRotation
RandomTranslation RandomWidth RandomZoom Rescaling Resizing
"""
_OF_TRAINING = "ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise"
_RECURRENT = """
Bidirectional GRU GRUCell LSTM LSTMCell RNN SimpleRNN SimpleRNNCell StackedRNNCells TimeDistributed
"""
# Those of ConvNeXt in Keras' applications.
_OF_CONVNEXT = "LayerScale StochasticDepth"
ACTIVATION_LAYERS = _names("ELU LeakyReLU PReLU ReLU Softmax ThresholdedReLU")
LAYERS = frozenset(
    {
        *MODELS,
        *ACTIVATION_LAYERS,
        "Activation",
        *_MERGING.split(),
        *_SHAPING.split(),
        *_DENSE.split(),
        *_NORMALIZING.split(),
        *_OF_IMAGES.split(),
        *_OF_TRAINING.split(),
        *_RECURRENT.split(),
        *_OF_CONVNEXT.split(),
        *(f"{name}{count}D" for name in _OF_DIMENSIONS.split() for count in (1, 2, 3)),
        *(f"{name}{n}DTranspose" for name in ("Conv", "Convolution") for n in (1, 2, 3)),
    }
)
# Layers that call the function of TensorFlow that their config names, as `function`.
CALLING = frozenset({"TFOpLambda", "SlicingOpLambda"})

INITIALIZERS = _names(
    """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones
    Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros
    """
)
REGULARIZERS = _names("L1 L2 L1L2 OrthogonalRegularizer")
CONSTRAINTS = _names("MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm")
# How Keras writes a tuple, an array and the like, and the data type of a layer.
VALUES = _names("__tuple__ __ellipsis__ __tensor__ __numpy__ TensorShape Policy")

ACTIVATIONS = _names(
    """
    elu exponential gelu hard_sigmoid leaky_relu linear log_softmax mish relu relu6 selu sigmoid
    silu softmax softplus softsign swish tanh
    """
)
# By the end of a key: what a text there may be, beside nothing.
NAMED_BY_KEY = {
    "activation": ACTIVATIONS | ACTIVATION_LAYERS,
    "_initializer": INITIALIZERS
    | _names(
        """
        constant glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal
        lecun_uniform normal one ones orthogonal random_normal random_uniform truncated_normal
        uniform variance_scaling zero zeros
        """
    ),
    "_regularizer": REGULARIZERS | {"l1", "l2", "l1_l2", "orthogonal_regularizer"},
    "_constraint": CONSTRAINTS
    | {"max_norm", "min_max_norm", "non_neg", "radial_constraint", "unit_norm"},
}
CLASSES = LAYERS | CALLING | INITIALIZERS | REGULARIZERS | CONSTRAINTS | VALUES
# Where all these are, in Keras and, by the same names, in tf_keras.
MODULES = frozenset(
    {
        *("keras", "keras.layers", "keras.models", "keras.mixed_precision", "builtins"),
        *("keras.activations", "keras.constraints", "keras.initializers", "keras.regularizers"),
        *("keras.engine.functional", "keras.src.engine.functional", "keras.src.models.functional"),
        *("keras.engine.sequential", "keras.src.engine.sequential"),
        *("keras.engine.training", "keras.src.engine.training"),
        *("keras.layers.core.tf_op_layer", "keras.src.layers.core.tf_op_layer"),
        *("keras.applications.convnext", "keras.src.applications.convnext"),
        "tensorflow.python.ops.init_ops_v2",
    }
)

_FUNCTIONS = {
    "": """
        abs add add_n argmax argmin argsort boolean_mask broadcast_to cast clip_by_norm
        clip_by_value concat convert_to_tensor cumsum einsum ensure_shape equal exp expand_dims eye
        fill floor gather gather_nd greater greater_equal identity less less_equal linspace
        logical_and logical_not logical_or matmul maximum meshgrid minimum multiply negative norm
        not_equal one_hot ones ones_like pad pow range rank realdiv reduce_all reduce_any
        reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum repeat reshape
        reverse roll round saturate_cast shape sigmoid sign size slice sort split sqrt square
        squeeze stack stop_gradient strided_slice subtract tanh tensordot tile transpose truediv
        unstack where zeros zeros_like
        """,
    "__operators__": "add eq getitem ne",
    "math": """
        abs add add_n argmax argmin atan ceil cos cosh cumprod cumsum divide divide_no_nan equal erf
        exp expm1 floor floordiv floormod greater greater_equal is_finite is_nan l2_normalize less
        less_equal log log1p log_sigmoid log_softmax logical_and logical_not logical_or logical_xor
        maximum minimum mod multiply multiply_no_nan negative not_equal pow reciprocal
        reciprocal_no_nan reduce_all reduce_any reduce_euclidean_norm reduce_logsumexp reduce_max
        reduce_mean reduce_min reduce_prod reduce_std reduce_sum reduce_variance rint round rsqrt
        scalar_mul sigmoid sign sin sinh softmax softplus softsign sqrt square squared_difference
        subtract tan tanh top_k truediv
        """,
    "linalg": "band_part diag diag_part einsum l2_normalize matmul norm tensordot trace",
    "nn": """
        atrous_conv2d avg_pool avg_pool1d avg_pool2d avg_pool3d batch_normalization bias_add conv1d
        conv2d conv2d_transpose conv3d convolution crelu depth_to_space depthwise_conv2d dropout elu
        gelu l2_normalize leaky_relu local_response_normalization log_softmax lrn max_pool
        max_pool1d max_pool2d max_pool3d moments pool relu relu6 selu separable_conv2d sigmoid silu
        softmax softplus softsign space_to_depth swish tanh top_k
        """,
    "image": """
        adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_saturation central_crop
        convert_image_dtype crop_and_resize crop_to_bounding_box extract_patches flip_left_right
        flip_up_down grayscale_to_rgb hsv_to_rgb pad_to_bounding_box per_image_standardization
        resize resize_with_crop_or_pad resize_with_pad rgb_to_grayscale rgb_to_hsv rot90 transpose
        """,
    "random": "normal uniform",
}
# As TensorFlow calls them, without the `compat.v1.` that some have before it.
FUNCTIONS = frozenset(
    f"{place}.{name}" if place else name
    for place, names in _FUNCTIONS.items()
    for name in names.split()
)
