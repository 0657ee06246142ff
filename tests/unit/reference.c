/* reference.c - a graph run the plainest way: whole tensors, one loop an operator, in double */
#include "reference.h"

#include <math.h>
#include <stdlib.h>

typedef struct tensor {
    const double *v;
    size_t h, w, c;
} tensor;

static double at(const tensor *t, ptrdiff_t y, ptrdiff_t x, size_t c)
{
    return t->v[((size_t)y * t->w + (size_t)x) * t->c + c];
}

static ptrdiff_t mirror(ptrdiff_t i, ptrdiff_t n)
{
    if (n == 1)
        return 0;
    while (i < 0 || i >= n)
        i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

static double padded(const p2a_node *node, const tensor *t, ptrdiff_t y, ptrdiff_t x, size_t c)
{
    const ptrdiff_t h = (ptrdiff_t)t->h, w = (ptrdiff_t)t->w;
    if (node->padding == P2A_PADDING_ZERO && (y < 0 || x < 0 || y >= h || x >= w))
        return 0;
    if (node->padding == P2A_PADDING_REFLECT)
        return at(t, mirror(y, h), mirror(x, w), c);
    y = y < 0 ? 0 : y >= h ? h - 1 : y;
    x = x < 0 ? 0 : x >= w ? w - 1 : x;
    return at(t, y, x, c);
}

static double convolve(const p2a_graph *g, const p2a_node *n, const tensor *t, size_t y, size_t x,
                       size_t o)
{
    const p2a_weight *w = &g->weights[n->weight];
    const size_t in_group = w->shape[3], out_group = w->shape[0] / n->groups;
    double sum = n->bias == P2A_NO_WEIGHT ? 0 : (double)g->weights[n->bias].values[o];
    for (uint32_t ky = 0; ky < n->kernel[0]; ky++)
        for (uint32_t kx = 0; kx < n->kernel[1]; kx++)
            for (size_t i = 0; i < in_group; i++)
                sum +=
                    (double)
                        w->values[((o * n->kernel[0] + ky) * n->kernel[1] + kx) * in_group + i] *
                    padded(
                        n, t,
                        (ptrdiff_t)(y * n->stride[0] + ky * n->dilation[0]) - (ptrdiff_t)n->pads[0],
                        (ptrdiff_t)(x * n->stride[1] + kx * n->dilation[1]) - (ptrdiff_t)n->pads[1],
                        o / out_group * in_group + i);
    return sum;
}

static double largest(const p2a_node *n, const tensor *t, size_t y, size_t x, size_t c)
{
    double best = -INFINITY;
    for (uint32_t ky = 0; ky < n->kernel[0]; ky++)
        for (uint32_t kx = 0; kx < n->kernel[1]; kx++) {
            const ptrdiff_t iy = (ptrdiff_t)(y * n->stride[0] + ky) - (ptrdiff_t)n->pads[0];
            const ptrdiff_t ix = (ptrdiff_t)(x * n->stride[1] + kx) - (ptrdiff_t)n->pads[1];
            if (iy >= 0 && ix >= 0 && iy < (ptrdiff_t)t->h && ix < (ptrdiff_t)t->w)
                best = fmax(best, at(t, iy, ix, c));
        }
    return best;
}

static double source(const p2a_node *n, size_t in, size_t out, size_t i)
{
    double s = n->asymmetric      ? (double)i * (double)in / (double)out
               : n->align_corners ? (out > 1 ? (double)i * (double)(in - 1) / (double)(out - 1) : 0)
                                  : ((double)i + 0.5) * (double)in / (double)out - 0.5;
    return s<0 ? 0 : s>(double)(in - 1) ? (double)(in - 1) : s;
}

static double resized(const p2a_node *n, const tensor *t, const p2a_shape *made, size_t y, size_t x,
                      size_t c)
{
    if (n->mode == P2A_RESIZE_NEAREST)
        return at(t, (ptrdiff_t)(y * t->h / made->height), (ptrdiff_t)(x * t->w / made->width), c);
    const double sy = source(n, t->h, made->height, y);
    const double sx = source(n, t->w, made->width, x);
    const ptrdiff_t y0 = (ptrdiff_t)sy, x0 = (ptrdiff_t)sx;
    const ptrdiff_t y1 = y0 + 1 < (ptrdiff_t)t->h ? y0 + 1 : y0;
    const ptrdiff_t x1 = x0 + 1 < (ptrdiff_t)t->w ? x0 + 1 : x0;
    const double fy = sy - (double)y0, fx = sx - (double)x0;
    return (1 - fy) * ((1 - fx) * at(t, y0, x0, c) + fx * at(t, y0, x1, c)) +
           fy * ((1 - fx) * at(t, y1, x0, c) + fx * at(t, y1, x1, c));
}

static double normalized(const p2a_graph *g, const p2a_node *n, const tensor *t, size_t y, size_t x,
                         size_t c)
{
    const bool layer = n->op == P2A_OP_LAYER_NORM;
    const bool single = n->op == P2A_OP_INSTANCE_NORM || n->op == P2A_OP_ADAPTIVE_NORM;
    const size_t groups = single ? t->c : layer ? 1 : n->groups;
    const size_t size = t->c / groups, first = c / size * size;
    double mean = 0, variance = 0, count = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t yy = layer ? y : 0; yy < (layer ? y + 1 : t->h); yy++)
            for (size_t xx = layer ? x : 0; xx < (layer ? x + 1 : t->w); xx++)
                for (size_t i = first; i < first + size; i++) {
                    const double v = at(t, (ptrdiff_t)yy, (ptrdiff_t)xx, i);
                    if (pass == 0) {
                        mean += v;
                        count++;
                    } else {
                        variance += (v - mean) * (v - mean);
                    }
                }
        if (pass == 0)
            mean /= count;
    }
    double r =
        (at(t, (ptrdiff_t)y, (ptrdiff_t)x, c) - mean) / sqrt(variance / count + (double)n->eps);
    if (n->weight != P2A_NO_WEIGHT)
        r *= (double)g->weights[n->weight].values[c];
    if (n->bias != P2A_NO_WEIGHT)
        r += (double)g->weights[n->bias].values[c];
    return r;
}

/* The mean, or the variance, of one channel. */
static double moment(const tensor *t, size_t c, bool variance)
{
    const size_t count = t->h * t->w;
    const double mean = variance ? moment(t, c, false) : 0;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const double v = t->v[i * t->c + c];
        sum += variance ? (v - mean) * (v - mean) : v;
    }
    return sum / (double)count;
}

static double spatial_softmax(const tensor *t, size_t y, size_t x, size_t c)
{
    double sum = 0;
    for (size_t i = 0; i < t->h * t->w; i++)
        sum += exp(t->v[i * t->c + c]);
    return exp(at(t, (ptrdiff_t)y, (ptrdiff_t)x, c)) / sum;
}

static double softmax(const tensor *t, size_t y, size_t x, size_t c)
{
    double sum = 0;
    for (size_t i = 0; i < t->c; i++)
        sum += exp(at(t, (ptrdiff_t)y, (ptrdiff_t)x, i));
    return exp(at(t, (ptrdiff_t)y, (ptrdiff_t)x, c)) / sum;
}

static double value(const p2a_graph *g, const p2a_node *n, const tensor *in, const p2a_shape *made,
                    size_t y, size_t x, size_t c)
{
    const tensor *t = &in[0];
    const ptrdiff_t py = (ptrdiff_t)y, px = (ptrdiff_t)x;
    double v, w;
    switch (n->op) {
    case P2A_OP_CONV2D:
        return fmin(fmax(convolve(g, n, t, y, x, c), (double)n->min), (double)n->max);
    case P2A_OP_FULLY_CONNECTED:
        v = n->bias == P2A_NO_WEIGHT ? 0 : (double)g->weights[n->bias].values[c];
        for (size_t i = 0; i < t->c; i++)
            v += (double)g->weights[n->weight].values[c * t->c + i] * t->v[i];
        return fmin(fmax(v, (double)n->min), (double)n->max);
    case P2A_OP_SPACE_TO_DEPTH:
        return at(t, (ptrdiff_t)(y * n->block + c / t->c / n->block),
                  (ptrdiff_t)(x * n->block + c / t->c % n->block), c % t->c);
    case P2A_OP_DEPTH_TO_SPACE:
        return at(t, (ptrdiff_t)(y / n->block), (ptrdiff_t)(x / n->block),
                  (y % n->block * n->block + x % n->block) * made->channels + c);
    case P2A_OP_RESIZE:
        return resized(n, t, made, y, x, c);
    case P2A_OP_ADD:
    case P2A_OP_SUB:
    case P2A_OP_MUL:
        v = at(t, py, px, c);
        if (n->input_count == 1)
            w = (double)g->weights[n->weight].values[g->weights[n->weight].count == 1 ? 0 : c];
        else
            w = in[1].h == 1 && in[1].w == 1 ? in[1].v[c] : at(&in[1], py, px, c);
        v = n->op == P2A_OP_ADD ? v + w : n->op == P2A_OP_SUB ? v - w : v * w;
        return fmin(fmax(v, (double)n->min), (double)n->max);
    case P2A_OP_CONCAT:
        while (c >= t->c)
            c -= (t++)->c;
        return at(t, py, px, c);
    case P2A_OP_SLICE:
        return at(t, py, px, n->begin + c);
    case P2A_OP_PAD:
        return padded(n, t, py - (ptrdiff_t)n->pads[0], px - (ptrdiff_t)n->pads[1], c);
    case P2A_OP_MEAN:
        v = 0;
        for (size_t i = 0; i < t->h * t->w; i++)
            v += t->v[i * t->c + c];
        return v / (double)(t->h * t->w);
    case P2A_OP_INSTANCE_NORM:
    case P2A_OP_GROUP_NORM:
    case P2A_OP_LAYER_NORM:
        return normalized(g, n, t, y, x, c);
    case P2A_OP_ADAPTIVE_NORM:
        return normalized(g, n, t, y, x, c) * sqrt(moment(&in[1], c, true) + (double)n->eps) +
               moment(&in[1], c, false);
    case P2A_OP_SUM_NORM:
        v = (double)n->eps;
        for (size_t i = 0; i < t->c; i++)
            v += at(t, py, px, i);
        return at(t, py, px, c) / v;
    case P2A_OP_SPATIAL_SOFTMAX:
        return spatial_softmax(t, y, x, c);
    case P2A_OP_RELU:
        return fmax(at(t, py, px, c), 0);
    case P2A_OP_LEAKY_RELU:
        v = at(t, py, px, c);
        return v < 0 ? v * (double)n->alpha : v;
    case P2A_OP_PRELU:
        v = at(t, py, px, c);
        return v < 0 ? v * (double)g->weights[n->weight]
                               .values[g->weights[n->weight].count == 1 ? 0 : c]
                     : v;
    case P2A_OP_CLAMP:
        return fmin(fmax(at(t, py, px, c), (double)n->min), (double)n->max);
    case P2A_OP_SIGMOID:
        return 1 / (1 + exp(-at(t, py, px, c)));
    case P2A_OP_TANH:
        return tanh(at(t, py, px, c));
    case P2A_OP_HARD_SWISH:
        v = at(t, py, px, c);
        return v * fmin(fmax(v + 3, 0), 6) / 6;
    case P2A_OP_SOFTMAX:
        return softmax(t, y, x, c);
    case P2A_OP_MAX_POOL:
        return largest(n, t, y, x, c);
    case P2A_OP_ARGMAX:
        w = 0;
        for (size_t i = 1; i < t->c; i++)
            if (at(t, py, px, i) > at(t, py, px, (size_t)w))
                w = (double)i;
        return w;
    case P2A_OP_QUANTIZE:   /* bytes are computed in other arithmetic: */
    case P2A_OP_DEQUANTIZE: /* nn_quantized.c has its own loops */
    case P2A_OP_HALVE:
    case P2A_OP_WIDEN:
    case P2A_OP_COUNT:
        break;
    }
    return NAN;
}

void reference_run(const p2a_graph *graph, const p2a_shape *shapes, double **values)
{
    for (uint32_t k = 0; k < graph->node_count; k++) {
        const p2a_node *n = &graph->nodes[k];
        const p2a_shape made = shapes[n->output];
        tensor in[P2A_NODE_INPUTS_MAX];
        for (uint32_t i = 0; i < n->input_count; i++) {
            const p2a_shape s = shapes[n->inputs[i]];
            in[i] = (tensor){values[n->inputs[i]], s.height, s.width, s.channels};
        }
        double *out = malloc(made.height * made.width * made.channels * sizeof *out);
        for (size_t y = 0; y < made.height; y++)
            for (size_t x = 0; x < made.width; x++)
                for (size_t c = 0; c < made.channels; c++)
                    out[(y * made.width + x) * made.channels + c] =
                        value(graph, n, in, &made, y, x, c);
        values[n->output] = out;
    }
}
