/* sums.c - a quantised convolution's scales and bias -> what its sums start from and are scaled by
 */
#include "nn/sums.h"

#include <math.h>
#include <stdlib.h>

uint32_t p2a_sums_reach(const p2a_weight *weight)
{
    const size_t terms = weight->count / weight->shape[0];
    uint64_t reach = 0;
    for (size_t o = 0; o < weight->shape[0]; o++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < terms; i++)
            sum += (uint64_t)abs(weight->bytes[o * terms + i]);
        reach = sum > reach ? sum : reach;
    }
    return reach < UINT32_MAX ? (uint32_t)reach : UINT32_MAX;
}

void *p2a_sums_pack(const p2a_graph *graph, const p2a_node *node, int32_t shift, size_t count,
                    void *packed)
{
    const p2a_weight *weight = &graph->weights[node->weight];
    const float *scales = graph->weights[weight->scale].values;
    const float *bias = node->bias == P2A_NO_WEIGHT ? NULL : graph->weights[node->bias].values;
    const p2a_quantization in = graph->tensors[node->inputs[0]].quantization;
    const p2a_quantization made = graph->tensors[node->output].quantization;
    const size_t there = weight->shape[0], terms = weight->count / there;
    float *scale = packed;
    int32_t *start = (int32_t *)(scale + count);
    memset(packed, 0, p2a_sums_packed(count));
    for (size_t o = 0; o < there; o++) {
        int32_t sum = 0;
        for (size_t i = 0; i < terms; i++)
            sum += weight->bytes[o * terms + i];
        scale[o] = in.step * scales[o] / made.step;
        start[o] =
            (bias ? (int32_t)rintf(bias[o] / (in.step * scales[o])) : 0) - (in.zero + shift) * sum;
    }
    return start + count;
}

/* A bound of the activation, less the zero; infinite ones are a byte's. */
static int32_t bound(float value, p2a_quantization q)
{
    const float least = (float)(INT8_MIN - q.zero), most = (float)(INT8_MAX - q.zero);
    return (int32_t)fminf(fmaxf(rintf(value / q.step), least), most);
}

p2a_sums p2a_sums_of(const p2a_graph *graph, const p2a_node *node, size_t count, const void *packed)
{
    const p2a_quantization made = graph->tensors[node->output].quantization;
    const float *scales = packed;
    const int32_t *start = (const int32_t *)(scales + count);
    return (p2a_sums){.scales = scales,
                      .start = start,
                      .weights = start + count,
                      .least = P2A_SUM_MAGIC_BITS + bound(node->min, made),
                      .zero = P2A_SUM_MAGIC_BITS - made.zero,
                      .most = (int8_t)(bound(node->max, made) + made.zero)};
}
