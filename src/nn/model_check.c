/* model_check.c - nodes as read to channels and sizes, and a refusal where they do not fit */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/model_graph.h"

#define SCALE_MAX 16          /* a tensor has at most this many rows for each row of the picture */
#define OFFSET_MAX (1u << 20) /* and at most this many more, from padding */

/*
 * A tensor's extent for a picture of k * multiple_of pixels, k >= 1, is exactly slope * k + offset:
 * where a stride or a block would not divide evenly, multiple_of is too small and the file is
 * refused. Element i of the tensor sees only the pixels from i * pitch - before to
 * i * pitch + after, where pitch is multiple_of / slope.
 */
typedef struct axis {
    int64_t slope, offset;
    double before, after;
} axis;

typedef struct view {
    axis axes[2]; /* rows, columns */
    bool whole;   /* sees the whole picture, or depends on its size */
    bool read;    /* by some node, or is an output */
} view;

typedef struct checker {
    p2a_context *ctx;
    p2a_graph *graph;
    view *views;       /* one a tensor */
    bool *weight_used; /* one a weight */
    uint32_t node;
} checker;

/* "node 3 (conv2d, f0): expected ..." */
static p2a_status refuse(checker *c, const char *rule)
{
    const p2a_node *node = &c->graph->nodes[c->node];
    return p2a_fail(c->ctx, P2A_ERR_MODEL, "graph node %u (%s, %.40s): %s", c->node,
                    p2a_op_name(node->op), c->graph->tensors[node->output].name, rule);
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && a < 0);
}

static bool is_single(const view *v)
{
    return v->axes[0].slope == 0 && v->axes[1].slope == 0 && v->axes[0].offset == 1 &&
           v->axes[1].offset == 1;
}

static bool same_size(const view *a, const view *b)
{
    return a->axes[0].slope == b->axes[0].slope && a->axes[0].offset == b->axes[0].offset &&
           a->axes[1].slope == b->axes[1].slope && a->axes[1].offset == b->axes[1].offset;
}

static double pitch(const checker *c, const axis *a)
{
    return a->slope > 0 ? (double)c->graph->multiple_of / (double)a->slope : 0.0;
}

/* Convolution, pooling and pad: windows of `reach` elements, `stride` apart, over a padded axis. */
static p2a_status slide(checker *c, axis *a, uint32_t before, uint32_t after, int64_t reach,
                        int64_t stride)
{
    const int64_t padded = a->offset + before + after;
    if (a->slope + padded < reach)
        return refuse(c, "its kernel is larger than the padded smallest picture: expected a "
                         "smaller one, or a larger multiple_of");
    if (a->slope % stride != 0)
        return refuse(c, "expected a multiple_of that its stride divides");
    a->before += pitch(c, a) * before;
    a->after += pitch(c, a) * (double)(reach - 1 - before);
    a->slope /= stride;
    a->offset = floor_divide(padded - reach, stride) + 1;
    return P2A_OK;
}

/* A vector over `channels`; `or_one`: a single number will do as well. */
static p2a_status use_vector(checker *c, uint32_t index, uint32_t channels, bool or_one,
                             const char *rule)
{
    if (index == P2A_NO_WEIGHT)
        return P2A_OK;
    const p2a_weight *weight = &c->graph->weights[index];
    c->weight_used[index] = true;
    if (weight->rank != 1 || (weight->count != channels && !(or_one && weight->count == 1)))
        return refuse(c, rule);
    return P2A_OK;
}

static p2a_status check_conv2d(checker *c, p2a_node *node, uint32_t channels, view *out,
                               uint32_t *out_channels)
{
    const p2a_weight *weight = &c->graph->weights[node->weight];
    c->weight_used[node->weight] = true;
    if (weight->bytes != NULL)
        c->weight_used[weight->scale] = true;
    if (weight->rank != 4)
        return refuse(c, "expected a weight of shape [O,KH,KW,I/groups]");
    if (weight->shape[1] > 64 || weight->shape[2] > 64)
        return refuse(c, "expected a kernel of 1 to 64 rows and columns");
    if (channels % node->groups != 0 || weight->shape[0] % node->groups != 0)
        return refuse(c, "expected groups to divide the channels of its input and its output");
    if (weight->shape[3] != channels / node->groups)
        return refuse(c, "expected its input's channels / groups for the weight's last side");
    node->kernel[0] = weight->shape[1];
    node->kernel[1] = weight->shape[2];
    *out_channels = weight->shape[0];
    for (int i = 0; i < 4; i++)
        if (node->pads[i] >= node->kernel[i % 2] * node->dilation[i % 2])
            return refuse(c, "expected pads below kernel * dilation");
    p2a_status status = P2A_OK;
    for (int i = 0; i < 2 && status == P2A_OK; i++)
        status = slide(c, &out->axes[i], node->pads[i], node->pads[i + 2],
                       (int64_t)(node->kernel[i] - 1) * node->dilation[i] + 1, node->stride[i]);
    if (status != P2A_OK)
        return status;
    return use_vector(c, node->bias, *out_channels, false, "expected a bias of shape [O]");
}

static p2a_status check_max_pool(checker *c, const p2a_node *node, view *out)
{
    p2a_status status = P2A_OK;
    for (int i = 0; i < 4; i++)
        if (node->pads[i] >= node->kernel[i % 2])
            return refuse(c, "expected pads below kernel");
    for (int i = 0; i < 2 && status == P2A_OK; i++)
        status = slide(c, &out->axes[i], node->pads[i], node->pads[i + 2], node->kernel[i],
                       node->stride[i]);
    return status;
}

static p2a_status check_blocks(checker *c, const p2a_node *node, view *out, uint32_t *channels)
{
    const int64_t block = node->block;
    const uint32_t area = node->block * node->block;
    const bool gathers = node->op == P2A_OP_SPACE_TO_DEPTH;
    if (!gathers && *channels % area != 0)
        return refuse(c, "expected block * block to divide the channels of its input");
    for (int i = 0; i < 2; i++) {
        axis *a = &out->axes[i];
        if (gathers && (a->slope % block != 0 || a->offset % block != 0))
            return refuse(c, "expected a multiple_of that its block divides");
        if (gathers)
            a->after += pitch(c, a) * (double)(block - 1);
        else
            a->before += pitch(c, a) * (double)(block - 1) / (double)block;
        a->slope = gathers ? a->slope / block : a->slope * block;
        a->offset = gathers ? a->offset / block : a->offset * block;
    }
    *channels = gathers ? *channels * area : *channels / area;
    return P2A_OK;
}

static p2a_status check_resize(checker *c, const p2a_node *node, view *out)
{
    if (node->align_corners && node->mode == P2A_RESIZE_NEAREST)
        return refuse(c, "align_corners is for bilinear only");
    if (node->asymmetric && (node->mode == P2A_RESIZE_NEAREST || node->align_corners))
        return refuse(c, "asymmetric is for bilinear without align_corners only");
    if (node->input_count == 2 && (node->scale[0] != 1 || node->scale[1] != 1))
        return refuse(c, "expected a scale or a second input, not both");
    const view *like = node->input_count == 2 ? &c->views[node->inputs[1]] : NULL;
    for (int i = 0; i < 2; i++) {
        axis *a = &out->axes[i];
        const axis from = *a;
        a->slope = like != NULL ? like->axes[i].slope : a->slope * node->scale[i];
        a->offset = like != NULL ? like->axes[i].offset : a->offset * node->scale[i];
        /* Where the ratio changes with the picture's size, so does what an element mixes. */
        if (from.slope * a->offset != a->slope * from.offset || from.slope == 0 || a->slope == 0 ||
            node->align_corners) {
            out->whole = true;
            continue;
        }
        /* Element i mixes floor((i + 0.5) / f - 0.5) and the next, nearest takes floor(i / f). */
        const double step = pitch(c, &from), inverse = (double)from.slope / (double)a->slope;
        const bool bilinear = node->mode == P2A_RESIZE_BILINEAR;
        const bool centred = bilinear && !node->asymmetric;
        a->before += centred ? step * fmax(1.5 - 0.5 * inverse, 0.0) : step;
        a->after += centred ? step * (0.5 + 0.5 * inverse) : bilinear ? step : 0.0;
    }
    return P2A_OK;
}

static p2a_status check_pair(checker *c, const p2a_node *node, uint32_t channels)
{
    if ((node->input_count == 2) == (node->weight != P2A_NO_WEIGHT))
        return refuse(c, "expected two inputs, or one input and a weight");
    if (node->input_count == 1)
        return use_vector(c, node->weight, channels, true, "expected a weight of shape [C] or [1]");
    const view *a = &c->views[node->inputs[0]], *b = &c->views[node->inputs[1]];
    if (c->graph->tensors[node->inputs[1]].channels != channels)
        return refuse(c, "expected two inputs with the same channels");
    if (!same_size(a, b) && !is_single(b))
        return refuse(c, "expected a second input of the first one's size, or of one pixel");
    return P2A_OK;
}

static p2a_status check_concat(checker *c, const p2a_node *node, uint32_t *channels)
{
    for (uint32_t i = 1; i < node->input_count; i++) {
        if (!same_size(&c->views[node->inputs[i]], &c->views[node->inputs[0]]))
            return refuse(c, "expected inputs of one size");
        *channels += c->graph->tensors[node->inputs[i]].channels;
    }
    return P2A_OK; /* 16 times 65536 fits; more than 65536 is refused for all operators */
}

static p2a_status check_affine(checker *c, const p2a_node *node, uint32_t channels)
{
    p2a_status status =
        use_vector(c, node->weight, channels, false, "expected a weight of shape [C]");
    return status == P2A_OK
               ? use_vector(c, node->bias, channels, false, "expected a bias of shape [C]")
               : status;
}

/* Everything that the node asks of its inputs; its output's size and channels. */
static p2a_status check_op(checker *c, p2a_node *node, view *out, uint32_t *channels)
{
    const p2a_weight *weight =
        node->weight != P2A_NO_WEIGHT ? &c->graph->weights[node->weight] : NULL;
    switch (node->op) {
    case P2A_OP_CONV2D:
        return check_conv2d(c, node, *channels, out, channels);
    case P2A_OP_FULLY_CONNECTED:
        c->weight_used[node->weight] = true;
        if (!is_single(out))
            return refuse(c, "expected an input of one pixel");
        if (weight->rank != 2 || weight->shape[1] != *channels)
            return refuse(c, "expected a weight of shape [O,C]");
        *channels = weight->shape[0];
        return use_vector(c, node->bias, *channels, false, "expected a bias of shape [O]");
    case P2A_OP_SPACE_TO_DEPTH:
    case P2A_OP_DEPTH_TO_SPACE:
        return check_blocks(c, node, out, channels);
    case P2A_OP_RESIZE:
        return check_resize(c, node, out);
    case P2A_OP_ADD:
    case P2A_OP_SUB:
    case P2A_OP_MUL:
        return check_pair(c, node, *channels);
    case P2A_OP_CONCAT:
        return check_concat(c, node, channels);
    case P2A_OP_SLICE:
        if (node->begin + node->size > *channels)
            return refuse(c, "expected begin + size up to the channels of its input");
        *channels = node->size;
        return P2A_OK;
    case P2A_OP_PAD: {
        p2a_status status = P2A_OK;
        for (int i = 0; i < 2 && status == P2A_OK; i++)
            status = slide(c, &out->axes[i], node->pads[i], node->pads[i + 2], 1, 1);
        return status;
    }
    case P2A_OP_MEAN:
        out->axes[0] = out->axes[1] = (axis){.offset = 1};
        out->whole = true;
        return P2A_OK;
    case P2A_OP_GROUP_NORM:
        if (*channels % node->groups != 0)
            return refuse(c, "expected groups to divide the channels of its input");
        out->whole = true;
        return check_affine(c, node, *channels);
    case P2A_OP_INSTANCE_NORM:
        out->whole = true;
        return check_affine(c, node, *channels);
    case P2A_OP_LAYER_NORM:
        return check_affine(c, node, *channels);
    case P2A_OP_ADAPTIVE_NORM:
        if (c->graph->tensors[node->inputs[1]].channels != *channels)
            return refuse(c, "expected two inputs with the same channels");
        out->whole = true;
        return P2A_OK;
    case P2A_OP_SPATIAL_SOFTMAX:
        out->whole = true;
        return P2A_OK;
    case P2A_OP_PRELU:
        return use_vector(c, node->weight, *channels, true,
                          "expected a weight of shape [C] or [1]");
    case P2A_OP_MAX_POOL:
        return check_max_pool(c, node, out);
    case P2A_OP_ARGMAX:
        *channels = 1;
        return P2A_OK;
    default: /* element by element */
        return P2A_OK;
    }
}

static p2a_status check_node(checker *c)
{
    p2a_node *node = &c->graph->nodes[c->node];
    view out = c->views[node->inputs[0]];
    out.read = false;
    uint32_t channels = c->graph->tensors[node->inputs[0]].channels;
    for (uint32_t i = 0; i < node->input_count; i++) {
        view *in = &c->views[node->inputs[i]];
        in->read = true;
        if (node->op == P2A_OP_RESIZE && i == 1)
            continue; /* only its size is taken */
        out.whole |= in->whole;
        for (int k = 0; k < 2; k++) {
            out.axes[k].before = fmax(out.axes[k].before, in->axes[k].before);
            out.axes[k].after = fmax(out.axes[k].after, in->axes[k].after);
        }
    }
    p2a_status status = check_op(c, node, &out, &channels);
    if (status != P2A_OK)
        return status;
    if (channels > P2A_GRAPH_CHANNELS_MAX)
        return refuse(c, "expected at most 65536 channels");
    for (int k = 0; k < 2; k++)
        if (out.axes[k].slope > (int64_t)c->graph->multiple_of * SCALE_MAX ||
            llabs(out.axes[k].offset) > OFFSET_MAX)
            return refuse(c, "expected at most 16 times the picture's rows and columns");
    c->graph->tensors[node->output].channels = channels;
    c->views[node->output] = out;
    return P2A_OK;
}

/* What the model's kind promises to those who run it. */
static p2a_status check_kind(checker *c, const char *kind)
{
    const p2a_graph *graph = c->graph;
    if (strcmp(kind, "generator") != 0)
        return P2A_OK;
    if (graph->tensors[graph->input].channels != 3 || graph->output_count != 1 ||
        graph->tensors[graph->outputs[0]].channels != 3 ||
        !same_size(&c->views[graph->input], &c->views[graph->outputs[0]]))
        return p2a_fail(c->ctx, P2A_ERR_MODEL,
                        "graph: expected an input of 3 channels and one "
                        "output of 3 channels and the same size for kind generator");
    return P2A_OK;
}

static p2a_status check_receptive_field(checker *c)
{
    const p2a_graph *graph = c->graph;
    double radius = 0;
    bool whole = false;
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const view *v = &c->views[graph->outputs[i]];
        whole |= v->whole;
        for (int k = 0; k < 2; k++)
            radius = fmax(radius, fmax(v->axes[k].before, v->axes[k].after));
    }
    if (whole && graph->receptive_field_px != 0)
        return p2a_fail(c->ctx, P2A_ERR_MODEL,
                        "expected 0 for metadata receptive_field_px, for "
                        "outputs that see the whole picture, got %u",
                        graph->receptive_field_px);
    const uint32_t least = (uint32_t)fmin(ceil(radius), UINT32_MAX);
    if (!whole && graph->receptive_field_px != 0 && graph->receptive_field_px < least)
        return p2a_fail(c->ctx, P2A_ERR_MODEL,
                        "expected 0 or at least %u for metadata "
                        "receptive_field_px, got %u",
                        least, graph->receptive_field_px);
    return P2A_OK;
}

static p2a_status check_all_used(checker *c)
{
    const p2a_graph *graph = c->graph;
    for (uint32_t i = 0; i < graph->output_count; i++)
        c->views[graph->outputs[i]].read = true;
    for (uint32_t i = 0; i < graph->tensor_count; i++)
        if (!c->views[i].read)
            return p2a_fail(c->ctx, P2A_ERR_MODEL, "graph: tensor %.60s is made and never used",
                            graph->tensors[i].name);
    for (uint32_t i = 0; i < graph->weight_count; i++)
        if (!c->weight_used[i])
            return p2a_fail(c->ctx, P2A_ERR_MODEL, "weight %.60s is used by no node",
                            graph->weights[i].name);
    return P2A_OK;
}

p2a_status p2a_model_check_graph(p2a_model *model)
{
    p2a_graph *graph = &model->graph;
    checker c = {.ctx = model->ctx, .graph = graph};
    c.views = p2a_alloc_zeroed(c.ctx, graph->tensor_count, sizeof *c.views);
    c.weight_used = p2a_alloc_zeroed(c.ctx, graph->weight_count, sizeof *c.weight_used);
    p2a_status status = P2A_OK;
    if (c.views == NULL || c.weight_used == NULL) {
        status = p2a_fail_memory(c.ctx, graph->tensor_count * sizeof *c.views, "checking a graph");
    } else {
        view *input = &c.views[graph->input];
        input->axes[0].slope = input->axes[1].slope = graph->multiple_of;
        for (; c.node < graph->node_count && status == P2A_OK; c.node++)
            status = check_node(&c);
        if (status == P2A_OK)
            status = check_all_used(&c);
        if (status == P2A_OK)
            status = check_kind(&c, p2a_model_metadata(model, "kind"));
        if (status == P2A_OK)
            status = check_receptive_field(&c);
    }
    p2a_free(c.ctx, c.views);
    p2a_free(c.ctx, c.weight_used);
    return status;
}
