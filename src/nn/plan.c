/* plan.c - shapes and a band height -> where every tensor's rows live while the bands go by */
#include "nn/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/operator.h"

/* XNNPACK's kernels read up to this far past the end of a row (XNN_EXTRA_BYTES is 16 on every
 * platform that we build for; a cache line keeps the next tensor aligned too). */
#define SLACK_FLOATS 32
#define ALIGN_FLOATS (64 / sizeof(float))

size_t p2a_plan_rows_possible(const p2a_node *node, const p2a_shape *shapes,
                              const size_t *available, size_t made)
{
    const size_t height = shapes[node->output].height;
    size_t row = made;
    for (; row < height; row++)
        for (uint32_t i = 0; i < node->input_count; i++)
            if (!p2a_input_is_shape_only(node, i) &&
                p2a_last_row_needed(node, shapes, i, row) >= available[node->inputs[i]])
                return row;
    return row;
}

ptrdiff_t p2a_plan_lowest_needed(const p2a_graph *graph, const p2a_plan *plan,
                                 const size_t *available, uint32_t tensor)
{
    ptrdiff_t lowest = (ptrdiff_t)available[tensor];
    const p2a_window *window = &plan->windows[tensor];
    for (uint32_t n = window->first_node; n <= window->last_node && n < graph->node_count; n++) {
        const p2a_node *node = &graph->nodes[n];
        const size_t made = available[node->output];
        if (made == plan->shapes[node->output].height)
            continue;
        for (uint32_t i = 0; i < node->input_count; i++) {
            if (node->inputs[i] != tensor || p2a_input_is_shape_only(node, i))
                continue;
            const ptrdiff_t first = p2a_first_row_needed(node, plan->shapes, i, made);
            if (first < lowest)
                lowest = first;
        }
    }
    return lowest;
}

/* Readers and zero padding of every tensor. */
static void find_readers(const p2a_graph *graph, p2a_plan *plan)
{
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const p2a_node *node = &graph->nodes[n];
        p2a_window *made = &plan->windows[node->output];
        made->first_node = n;
        if (made->last_node < n)
            made->last_node = n;
        for (uint32_t i = 0; i < node->input_count; i++) {
            if (p2a_input_is_shape_only(node, i))
                continue;
            p2a_window *window = &plan->windows[node->inputs[i]];
            window->read = true;
            if (window->last_node < n)
                window->last_node = n;
            if (node->op != P2A_OP_CONV2D || node->padding != P2A_PADDING_ZERO)
                continue;
            if (window->pad_top_rows < node->pads[0])
                window->pad_top_rows = node->pads[0];
            if (window->pad_bottom_rows < node->pads[2])
                window->pad_bottom_rows = node->pads[2];
        }
    }
}

/* Let the bands go by without data: how many rows each tensor holds at most, and what it carries.
 */
static void simulate(const p2a_graph *graph, p2a_plan *plan, size_t *available, size_t *carried,
                     ptrdiff_t *lowest)
{
    const size_t height = plan->shapes[graph->input].height;
    for (uint32_t t = 0; t < graph->tensor_count; t++)
        lowest[t] = -(ptrdiff_t)plan->windows[t].pad_top_rows;
    for (bool last = false; !last;) {
        const size_t left = height - available[graph->input];
        available[graph->input] += left < plan->band_rows ? left : plan->band_rows;
        last = available[graph->input] == height;
        for (uint32_t n = 0; n < graph->node_count; n++) {
            const p2a_node *node = &graph->nodes[n];
            const size_t made = available[node->output];
            const size_t possible = p2a_plan_rows_possible(node, plan->shapes, available, made);
            if (plan->max_rows[n] < possible - made)
                plan->max_rows[n] = possible - made;
            available[node->output] = possible;
        }
        for (uint32_t t = 0; t < graph->tensor_count; t++) {
            p2a_window *window = &plan->windows[t];
            ptrdiff_t end = (ptrdiff_t)available[t];
            if (available[t] == plan->shapes[t].height)
                end += window->pad_bottom_rows;
            const size_t held = (size_t)(end - lowest[t]);
            if (window->capacity_rows < held)
                window->capacity_rows = held;
            lowest[t] = p2a_plan_lowest_needed(graph, plan, available, t);
            if (!last && lowest[t] < (ptrdiff_t)available[t]) {
                window->carried = true;
                if (carried[t] < (size_t)((ptrdiff_t)available[t] - lowest[t]))
                    carried[t] = (size_t)((ptrdiff_t)available[t] - lowest[t]);
            }
        }
    }
    /* carried rows are moved to the front when the window is full: room for as many again makes
     * that rare */
    for (uint32_t t = 0; t < graph->tensor_count; t++)
        plan->windows[t].capacity_rows += carried[t];
}

typedef struct interval {
    size_t floats;
    uint32_t first, last; /* nodes, inclusive */
    size_t *offset;       /* result */
} interval;

static int larger_first(const void *a, const void *b)
{
    const interval *x = a, *y = b;
    if (x->floats != y->floats)
        return x->floats < y->floats ? 1 : -1;
    return x->first < y->first ? -1 : x->first > y->first; /* a fixed order on every platform */
}

static int lower_first(const void *a, const void *b)
{
    const interval *x = *(interval *const *)a, *y = *(interval *const *)b;
    return *x->offset < *y->offset ? -1 : *x->offset > *y->offset;
}

/* Greedy by size: each piece goes to the lowest place that is free during its whole life. */
static size_t place(interval *items, size_t count, interval **overlapping)
{
    size_t total = 0;
    qsort(items, count, sizeof *items, larger_first);
    for (size_t i = 0; i < count; i++) {
        size_t busy = 0;
        for (size_t j = 0; j < i; j++)
            if (items[j].first <= items[i].last && items[i].first <= items[j].last)
                overlapping[busy++] = &items[j];
        qsort(overlapping, busy, sizeof *overlapping, lower_first);
        size_t at = 0;
        for (size_t j = 0; j < busy && *overlapping[j]->offset < at + items[i].floats; j++) {
            const size_t end = *overlapping[j]->offset + overlapping[j]->floats;
            if (end > at)
                at = end;
        }
        *items[i].offset = at;
        if (total < at + items[i].floats)
            total = at + items[i].floats;
    }
    return total;
}

/* floats of `rows` rows, aligned and with slack; SIZE_MAX where that does not fit in size_t. */
static size_t window_floats(const p2a_shape *shape, size_t rows)
{
    size_t floats = 0;
    if (!p2a_mul_size(shape->width, shape->channels, &floats) ||
        !p2a_mul_size(floats, rows, &floats) || floats > SIZE_MAX / 16)
        return SIZE_MAX;
    return (floats + SLACK_FLOATS + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
}

static p2a_status assign_offsets(p2a_context *ctx, const p2a_graph *graph, p2a_plan *plan,
                                 interval *items, interval **overlapping)
{
    const uint32_t last = graph->node_count ? graph->node_count - 1 : 0;
    size_t count = 0, sum = 0;
    for (uint32_t t = 0; t < graph->tensor_count; t++) {
        p2a_window *window = &plan->windows[t];
        const size_t floats = window_floats(&plan->shapes[t], window->capacity_rows);
        items[count++] =
            (interval){floats, window->carried ? 0 : window->first_node,
                       window->carried ? last : window->last_node, &window->offset_floats};
    }
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const size_t floats =
            p2a_operator_scratch(&graph->nodes[n], plan->shapes, plan->max_rows[n]);
        if (floats)
            items[count++] = (interval){(floats + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS,
                                        n, n, &plan->scratch_floats[n]};
    }
    for (size_t i = 0; i < count; i++)
        if (items[i].floats == SIZE_MAX || !p2a_add_size(sum, items[i].floats, &sum) ||
            sum > SIZE_MAX / 16)
            return p2a_fail(ctx, P2A_ERR_MEMORY,
                            "the activations of %zux%zu pixels do not fit "
                            "into this machine's addresses",
                            plan->shapes[graph->input].width, plan->shapes[graph->input].height);
    plan->workspace_floats = place(items, count, overlapping);
    return P2A_OK;
}

p2a_status p2a_plan_make(p2a_context *ctx, const p2a_graph *graph, size_t height, size_t width,
                         size_t band_rows, p2a_plan *out)
{
    const size_t tensors = graph->tensor_count, nodes = graph->node_count;
    memset(out, 0, sizeof *out);
    out->band_rows = band_rows < height ? band_rows : height;
    out->shapes = p2a_alloc_zeroed(ctx, tensors, sizeof *out->shapes);
    out->windows = p2a_alloc_zeroed(ctx, tensors, sizeof *out->windows);
    out->scratch_floats = p2a_alloc_zeroed(ctx, nodes, sizeof *out->scratch_floats);
    out->max_rows = p2a_alloc_zeroed(ctx, nodes, sizeof *out->max_rows);
    size_t *available = p2a_alloc_zeroed(ctx, tensors, sizeof *available);
    size_t *carried = p2a_alloc_zeroed(ctx, tensors, sizeof *carried);
    ptrdiff_t *lowest = p2a_alloc_zeroed(ctx, tensors, sizeof *lowest);
    interval *items = p2a_alloc_zeroed(ctx, tensors + nodes, sizeof *items);
    interval **overlapping = p2a_alloc_zeroed(ctx, tensors + nodes, sizeof *overlapping);

    p2a_status status = P2A_OK;
    if (!out->shapes || !out->windows || !out->scratch_floats || !out->max_rows || !available ||
        !carried || !lowest || !items || !overlapping) {
        status = p2a_fail_memory(ctx, (tensors + nodes) * sizeof *items, "the plan of a network");
        goto done;
    }
    status = p2a_infer_shapes(ctx, graph, height, width, out->shapes);
    if (status != P2A_OK)
        goto done;
    find_readers(graph, out);
    simulate(graph, out, available, carried, lowest);
    status = assign_offsets(ctx, graph, out, items, overlapping);
    for (uint32_t n = 0; n < nodes; n++)
        out->multiply_adds += p2a_row_multiply_adds(graph, &graph->nodes[n], out->shapes) *
                              (double)out->shapes[graph->nodes[n].output].height;
done:
    p2a_free(ctx, overlapping);
    p2a_free(ctx, items);
    p2a_free(ctx, lowest);
    p2a_free(ctx, carried);
    p2a_free(ctx, available);
    return status;
}

void p2a_plan_clear(p2a_context *ctx, p2a_plan *plan)
{
    p2a_free(ctx, plan->max_rows);
    p2a_free(ctx, plan->scratch_floats);
    p2a_free(ctx, plan->windows);
    p2a_free(ctx, plan->shapes);
    memset(plan, 0, sizeof *plan);
}
