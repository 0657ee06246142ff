/*
 * graph.h - a network as data: tensors, nodes and weights, as read from a model file and checked.
 *
 * Everything here was checked by nn/model.c: indexes are in range, nodes stand in an order in which
 * every input is made before it is used, weights have the shape that their node needs, attributes
 * are in the ranges given below. The rest of nn relies on it.
 *
 * All tensors are [1,H,W,C], f32 or signed bytes; H and W follow from the picture's size at plan
 * time. conv2d, add, mul, sigmoid, resize and the two block operators work on bytes too.
 */
#ifndef P2A_NN_GRAPH_H
#define P2A_NN_GRAPH_H

#include "base/context.h"

#define P2A_GRAPH_NODES_MAX 4096
#define P2A_NODE_INPUTS_MAX 16
#define P2A_GRAPH_OUTPUTS_MAX 16
#define P2A_GRAPH_CHANNELS_MAX 65536
#define P2A_NO_WEIGHT UINT32_MAX

typedef enum p2a_op {
    P2A_OP_CONV2D,          /* x; weight [O,KH,KW,I/groups], bias [O] or none */
    P2A_OP_FULLY_CONNECTED, /* x [1,1,1,I]; weight [O,I], bias [O] or none -> [1,1,1,O] */
    P2A_OP_SPACE_TO_DEPTH,  /* x; block: channel = (dy*block+dx)*C + c (the NHWC order) */
    P2A_OP_DEPTH_TO_SPACE,  /* x; block: the inverse of it */
    P2A_OP_RESIZE,          /* x, or x and a tensor whose H and W are taken; mode; align_corners */
    P2A_OP_ADD,             /* a, b; b may be [1,1,1,C] (broadcast) or a weight [C] or [1] */
    P2A_OP_SUB,
    P2A_OP_MUL,
    P2A_OP_CONCAT,        /* 2 or more; along channels */
    P2A_OP_SLICE,         /* x; channels [begin, begin + size) */
    P2A_OP_PAD,           /* x; pads, padding mode */
    P2A_OP_MEAN,          /* x -> [1,1,1,C], over H and W */
    P2A_OP_INSTANCE_NORM, /* x; over H and W for each channel; weight, bias [C] or none; eps */
    P2A_OP_GROUP_NORM,    /* x; over H, W and the channels of a group; groups; ... */
    P2A_OP_LAYER_NORM,    /* x; over the channels of each pixel; ... */
    P2A_OP_ADAPTIVE_NORM, /* x, y; x with the mean and deviation of y, for each channel; eps */
    P2A_OP_SUM_NORM,      /* x; each pixel divided by the sum of its channels and eps */
    P2A_OP_RELU,
    P2A_OP_LEAKY_RELU, /* alpha */
    P2A_OP_PRELU,      /* weight [C] or [1] */
    P2A_OP_CLAMP,      /* min, max */
    P2A_OP_SIGMOID,
    P2A_OP_TANH,
    P2A_OP_HARD_SWISH,
    P2A_OP_SOFTMAX,         /* over channels */
    P2A_OP_SPATIAL_SOFTMAX, /* over H and W for each channel */
    P2A_OP_MAX_POOL,        /* kernel, stride, pads (padding never wins) */
    P2A_OP_ARGMAX,          /* over channels -> [1,H,W,1], the index as a float; lowest on a tie */
    P2A_OP_QUANTIZE,        /* f32 -> bytes */
    P2A_OP_DEQUANTIZE,      /* bytes -> f32 */
    P2A_OP_COUNT,           /* of those that a file may have */
    P2A_OP_HALVE,           /* f32 -> halves; made by halve.c only */
    P2A_OP_WIDEN            /* halves, y -> f32, as the rows of y come; made by halve.c only */
} p2a_op;

typedef enum p2a_padding {
    P2A_PADDING_ZERO,
    P2A_PADDING_REFLECT,
    P2A_PADDING_REPLICATE
} p2a_padding;

typedef enum p2a_resize_mode { P2A_RESIZE_BILINEAR, P2A_RESIZE_NEAREST } p2a_resize_mode;

/* Fused after conv2d, fully_connected, add, sub, mul: clamp to [min, max]; none is -inf..inf. */
typedef struct p2a_node {
    p2a_op op;
    uint32_t input_count;
    uint32_t inputs[P2A_NODE_INPUTS_MAX]; /* tensor indexes */
    uint32_t output;                      /* tensor index */
    uint32_t weight;                      /* index into weights, or P2A_NO_WEIGHT; for add, sub,
                                             mul with one input: the second operand */
    uint32_t bias;
    uint32_t kernel[2];   /* h, w: 1..64 */
    uint32_t stride[2];   /* h, w: 1..64 */
    uint32_t dilation[2]; /* h, w: 1..64 */
    uint32_t pads[4]; /* top, left, bottom, right: 0..64; below kernel * dilation for conv, pool */
    p2a_padding padding;
    uint32_t groups; /* 1..C; divides the channels */
    uint32_t block;  /* 2..16 */
    uint32_t begin, size;
    uint32_t scale[2]; /* h, w: 1..16; resize with one input */
    p2a_resize_mode mode;
    bool align_corners; /* bilinear: ends on ends; else half-pixel centres. Nearest: floor */
    bool asymmetric;    /* bilinear: first on first, as old TensorFlow has it */
    float min, max;     /* fused activation, or clamp */
    float alpha;        /* leaky relu's slope */
    bool leaky;         /* norms: a leaky relu comes behind, see fuse.h */
    bool of_product;    /* adaptive norm: y is weight [C,1,1,C] times the second input, and bias */
    float eps;          /* norms: above 0 */
    bool frozen;        /* global: its statistics are there already, see p2a_gathering */
    bool observes;      /* frozen: and it gathers what it sees beside, to compare */
} p2a_node;

typedef struct p2a_weight {
    char *name;
    uint32_t rank; /* 1..4 */
    uint32_t shape[4];
    size_t count;
    float *values;  /* owned; widened from F16 where the file says so; NULL: bytes */
    int8_t *bytes;  /* owned; value = byte * scale of its first side's channel; NULL: values */
    uint32_t scale; /* of bytes: index of the weight [shape[0]] with the scales, all above 0 */
    uint32_t reach; /* of bytes: the largest sum of an output channel's, signs aside */
    bool paired; /* of bytes: a 3x3 kernel of which two outputs may be made at once, see pairs.h */
} p2a_weight;

/* What a tensor's bytes stand for: value = (byte - zero) * step. step 0: the tensor is f32. */
typedef struct p2a_quantization {
    float step;
    int8_t zero;
} p2a_quantization;

typedef struct p2a_tensor_info {
    char *name;
    uint32_t channels; /* known without the picture's size */
    p2a_quantization quantization;
    bool half; /* stored as halves, see halves.h */
} p2a_tensor_info;

typedef struct p2a_graph {
    p2a_tensor_info *tensors;
    uint32_t tensor_count;
    p2a_node *nodes;
    uint32_t node_count;
    p2a_weight *weights;
    uint32_t weight_count;
    uint32_t input; /* the picture's tensor */
    uint32_t output_count;
    uint32_t outputs[P2A_GRAPH_OUTPUTS_MAX];
    uint32_t multiple_of;        /* H and W of the input must be multiples: 1..256 */
    uint32_t receptive_field_px; /* radius: how far an output pixel sees; 0: the whole picture */
    float range[2];              /* of the input and of a picture output, e.g. -1, 1 */
    bool halves;                 /* what waits for a norm may be stored in 16 bits, see halve.h */
} p2a_graph;

static inline bool p2a_tensor_is_bytes(const p2a_graph *graph, uint32_t tensor)
{
    return graph->tensors[tensor].quantization.step > 0.0f;
}

static inline size_t p2a_tensor_item_bytes(const p2a_graph *graph, uint32_t tensor)
{
    return p2a_tensor_is_bytes(graph, tensor) ? sizeof(int8_t)
           : graph->tensors[tensor].half      ? sizeof(uint16_t)
                                              : sizeof(float);
}

#endif
