/* infer.c - a graph and the picture's size -> every tensor's shape, and which rows need which */
#include "nn/infer.h"

#include <math.h>

static p2a_status window_extent(p2a_context *ctx, size_t in, uint32_t before, uint32_t after,
                                uint32_t kernel, uint32_t dilation, uint32_t stride, size_t *out)
{
    const size_t padded = in + before + after;
    const size_t reach = (size_t)dilation * (kernel - 1) + 1;
    if (padded < reach)
        return p2a_fail(ctx, P2A_ERR_MODEL,
                        "expected at least %zu rows or columns for a kernel of "
                        "%u (dilation %u), got %zu with padding",
                        reach, kernel, dilation, padded);
    *out = (padded - reach) / stride + 1;
    return P2A_OK;
}

static p2a_status infer_node(p2a_context *ctx, const p2a_graph *graph, const p2a_node *node,
                             p2a_shape *shapes)
{
    const p2a_shape in = shapes[node->inputs[0]];
    p2a_shape out = in;
    out.channels = graph->tensors[node->output].channels;
    p2a_status status = P2A_OK;

    switch (node->op) {
    case P2A_OP_CONV2D:
    case P2A_OP_MAX_POOL:
        status = window_extent(ctx, in.height, node->pads[0], node->pads[2], node->kernel[0],
                               node->dilation[0], node->stride[0], &out.height);
        if (status == P2A_OK)
            status = window_extent(ctx, in.width, node->pads[1], node->pads[3], node->kernel[1],
                                   node->dilation[1], node->stride[1], &out.width);
        break;
    case P2A_OP_FULLY_CONNECTED:
        if (in.height != 1 || in.width != 1)
            status = p2a_fail(ctx, P2A_ERR_MODEL,
                              "expected a 1x1 input for fully_connected, got %zux%zu", in.width,
                              in.height);
        break;
    case P2A_OP_SPACE_TO_DEPTH:
        if (in.height % node->block || in.width % node->block)
            return p2a_fail(ctx, P2A_ERR_MODEL,
                            "expected width and height in multiples of %u for space_to_depth, got "
                            "%zux%zu",
                            node->block, in.width, in.height);
        out.height = in.height / node->block;
        out.width = in.width / node->block;
        break;
    case P2A_OP_DEPTH_TO_SPACE:
        out.height = in.height * node->block;
        out.width = in.width * node->block;
        break;
    case P2A_OP_RESIZE:
        if (node->input_count == 2) {
            out.height = shapes[node->inputs[1]].height;
            out.width = shapes[node->inputs[1]].width;
        } else {
            out.height = in.height * node->scale[0];
            out.width = in.width * node->scale[1];
        }
        break;
    case P2A_OP_PAD:
        out.height = in.height + node->pads[0] + node->pads[2];
        out.width = in.width + node->pads[1] + node->pads[3];
        break;
    case P2A_OP_MEAN:
        out.height = out.width = 1;
        break;
    case P2A_OP_ADD:
    case P2A_OP_SUB:
    case P2A_OP_MUL:
    case P2A_OP_CONCAT:
        for (uint32_t i = 1; i < node->input_count; i++) {
            const p2a_shape other = shapes[node->inputs[i]];
            const bool broadcast =
                node->op != P2A_OP_CONCAT && other.height == 1 && other.width == 1;
            if (!broadcast && (other.height != in.height || other.width != in.width))
                return p2a_fail(ctx, P2A_ERR_MODEL,
                                "expected inputs of one size for '%s', got %zux%zu and %zux%zu",
                                graph->tensors[node->output].name, in.width, in.height, other.width,
                                other.height);
        }
        break;
    default: /* elementwise and norms keep the shape */
        break;
    }
    shapes[node->output] = out;
    return status;
}

p2a_status p2a_infer_shapes(p2a_context *ctx, const p2a_graph *graph, size_t height_px,
                            size_t width_px, p2a_shape *shapes)
{
    shapes[graph->input] = (p2a_shape){height_px, width_px, graph->tensors[graph->input].channels};
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const p2a_status status = infer_node(ctx, graph, &graph->nodes[n], shapes);
        if (status != P2A_OK)
            return status;
    }
    return P2A_OK;
}

bool p2a_node_is_norm(const p2a_node *node)
{
    return node->op == P2A_OP_INSTANCE_NORM || node->op == P2A_OP_GROUP_NORM ||
           node->op == P2A_OP_ADAPTIVE_NORM;
}

bool p2a_node_has_statistics(const p2a_node *node)
{
    return node->op == P2A_OP_MEAN || node->op == P2A_OP_SPATIAL_SOFTMAX || p2a_node_is_norm(node);
}

bool p2a_graph_has_statistics(const p2a_graph *graph)
{
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (p2a_node_has_statistics(&graph->nodes[n]))
            return true;
    return false;
}

bool p2a_node_is_global(const p2a_node *node)
{
    return p2a_node_has_statistics(node) && !node->frozen;
}

bool p2a_input_is_gathered_only(const p2a_node *node, uint32_t i)
{
    return node->op == P2A_OP_MEAN || (node->op == P2A_OP_ADAPTIVE_NORM && i == 1);
}

bool p2a_input_is_shape_only(const p2a_node *node, uint32_t i)
{
    return node->op == P2A_OP_RESIZE && i == 1;
}

bool p2a_input_is_broadcast(const p2a_node *node, const p2a_shape *shapes, uint32_t i)
{
    if (i != 1 || (node->op != P2A_OP_ADD && node->op != P2A_OP_SUB && node->op != P2A_OP_MUL))
        return false;
    const p2a_shape a = shapes[node->inputs[0]], b = shapes[node->inputs[1]];
    return b.height == 1 && b.width == 1 && (a.height != 1 || a.width != 1);
}

size_t p2a_pad_index(p2a_padding mode, ptrdiff_t index, size_t extent)
{
    const ptrdiff_t last = (ptrdiff_t)extent - 1;
    if (mode == P2A_PADDING_REFLECT && last > 0) {
        while (index < 0 || index > last) /* more than once where the padding exceeds the extent */
            index = index < 0 ? -index : 2 * last - index;
        return (size_t)index;
    }
    return (size_t)(index < 0 ? 0 : index > last ? last : index);
}

p2a_sample p2a_resize_sample(const p2a_node *node, size_t in_extent, size_t out_extent,
                             size_t index)
{
    p2a_sample s = {0, 0, 0.0f};
    if (node->mode == P2A_RESIZE_NEAREST) {
        s.low = s.high = index * in_extent / out_extent;
        return s;
    }
    double at;
    if (node->align_corners)
        at =
            out_extent > 1 ? (double)index * (double)(in_extent - 1) / (double)(out_extent - 1) : 0;
    else if (node->asymmetric)
        at = (double)index * (double)in_extent / (double)out_extent;
    else
        at = ((double)index + 0.5) * (double)in_extent / (double)out_extent - 0.5;
    if (at < 0)
        at = 0;
    s.low = (size_t)at;
    if (s.low > in_extent - 1)
        s.low = in_extent - 1;
    s.high = s.low + 1 < in_extent ? s.low + 1 : s.low;
    s.weight = s.high > s.low ? (float)(at - (double)s.low) : 0.0f;
    return s;
}

size_t p2a_last_row_needed(const p2a_node *node, const p2a_shape *shapes, uint32_t i, size_t row)
{
    const size_t height = shapes[node->inputs[i]].height;
    const ptrdiff_t last = (ptrdiff_t)height - 1;
    if (p2a_node_is_global(node))
        return height - 1;
    if (p2a_input_is_broadcast(node, shapes, i))
        return 0;
    ptrdiff_t needed = (ptrdiff_t)row;
    switch (node->op) {
    case P2A_OP_CONV2D:
    case P2A_OP_MAX_POOL: {
        const ptrdiff_t first = (ptrdiff_t)(row * node->stride[0]) - (ptrdiff_t)node->pads[0];
        needed = first + (ptrdiff_t)(node->dilation[0] * (node->kernel[0] - 1));
        /* rows above the picture are reflected from rows below them */
        if (node->op == P2A_OP_CONV2D && node->padding == P2A_PADDING_REFLECT && first < 0 &&
            -first > needed)
            needed = -first;
        break;
    }
    case P2A_OP_PAD:
        needed = (ptrdiff_t)row - (ptrdiff_t)node->pads[0];
        if (node->padding == P2A_PADDING_REFLECT && needed < 0)
            needed = -needed;
        break;
    case P2A_OP_SPACE_TO_DEPTH:
        needed = (ptrdiff_t)((row + 1) * node->block) - 1;
        break;
    case P2A_OP_DEPTH_TO_SPACE:
        needed = (ptrdiff_t)(row / node->block);
        break;
    case P2A_OP_RESIZE:
        needed = (ptrdiff_t)p2a_resize_sample(node, height, shapes[node->output].height, row).high;
        break;
    default:
        break;
    }
    return (size_t)(needed < 0 ? 0 : needed > last ? last : needed);
}

ptrdiff_t p2a_first_row_needed(const p2a_node *node, const p2a_shape *shapes, uint32_t i,
                               size_t row)
{
    const ptrdiff_t height = (ptrdiff_t)shapes[node->inputs[i]].height;
    if (p2a_input_is_broadcast(node, shapes, i))
        return 0;
    switch (node->op) {
    case P2A_OP_CONV2D:
    case P2A_OP_MAX_POOL:
    case P2A_OP_PAD: {
        const size_t stride = node->op == P2A_OP_PAD ? 1 : node->stride[0];
        ptrdiff_t first = (ptrdiff_t)(row * stride) - (ptrdiff_t)node->pads[0];
        if (node->op == P2A_OP_CONV2D && node->padding == P2A_PADDING_ZERO)
            return first;
        /* rows below the picture are reflected from rows above its last */
        const ptrdiff_t from_below = height - 1 - (ptrdiff_t)node->pads[2];
        if (first > from_below)
            first = from_below;
        return first < 0 ? 0 : first;
    }
    case P2A_OP_SPACE_TO_DEPTH:
        return (ptrdiff_t)(row * node->block);
    case P2A_OP_DEPTH_TO_SPACE:
        return (ptrdiff_t)(row / node->block);
    case P2A_OP_RESIZE:
        return (ptrdiff_t)p2a_resize_sample(node, (size_t)height, shapes[node->output].height, row)
            .low;
    default:
        return (ptrdiff_t)row;
    }
}

double p2a_row_multiply_adds(const p2a_graph *graph, const p2a_node *node, const p2a_shape *shapes)
{
    if (node->op != P2A_OP_CONV2D && node->op != P2A_OP_FULLY_CONNECTED)
        return 0;
    const p2a_weight *weight = &graph->weights[node->weight];
    return (double)weight->count * (double)shapes[node->output].width;
}
