/* plan.c - shapes and a band height -> where every tensor's rows live while the bands go by */
#include "nn/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "nn/operator.h"

/* XNNPACK's kernels read up to this far past the end of a row (XNN_EXTRA_BYTES is 16 on every
 * platform that we build for; a cache line keeps the next tensor aligned too). */
#define SLACK_BYTES 128
#define ALIGN_BYTES 64

size_t p2a_plan_rows_possible(const p2a_graph *graph, const p2a_plan *plan, const size_t *available,
                              uint32_t n)
{
    const p2a_node *node = &graph->nodes[n];
    size_t row = available[node->output], end = plan->shapes[node->output].height;
    if (end - row > plan->turn_rows[n])
        end = row + plan->turn_rows[n];
    for (; row < end; row++)
        for (uint32_t i = 0; i < node->input_count; i++)
            if (!p2a_input_is_shape_only(node, i) &&
                !(node->frozen && p2a_input_is_gathered_only(node, i)) &&
                p2a_last_row_needed(node, plan->shapes, i, row) >= available[node->inputs[i]])
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
            if (node->inputs[i] != tensor || p2a_input_is_shape_only(node, i) ||
                p2a_input_is_gathered_only(node, i))
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

/* Which nodes are behind a global one, and how many rows they make in a turn: the band's share. */
static void limit_turns(const p2a_graph *graph, p2a_plan *plan, bool *behind)
{
    const size_t height = plan->shapes[graph->input].height;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const p2a_node *node = &graph->nodes[n];
        bool waits = p2a_node_is_global(node);
        for (uint32_t i = 0; i < node->input_count; i++)
            waits = waits || (!p2a_input_is_shape_only(node, i) && behind[node->inputs[i]]);
        behind[node->output] = waits;
        const size_t made = plan->shapes[node->output].height;
        const size_t share = (size_t)ceil((double)made * (double)plan->band_rows / (double)height);
        plan->turn_rows[n] = waits ? share : made;
    }
}

/* What one tensor holds, while the turns go by. */
typedef struct passage {
    size_t available, carried;
    ptrdiff_t lowest;
    bool seen;
    uint64_t overtakes; /* a bit a half: rows of this are made while the half's are still needed */
} passage;

/* Halves that may take each other's place: that many bits has a passage's word. */
#define HEIRS_MAX 64

static uint32_t list_halves(const p2a_graph *graph, uint32_t *halves)
{
    uint32_t count = 0;
    for (uint32_t t = 0; t < graph->tensor_count && count < HEIRS_MAX; t++)
        if (graph->tensors[t].half)
            halves[count++] = t;
    return count;
}

/* After a turn: which halves have rows where rows of others are still needed. */
static void compare_halves(const uint32_t *halves, uint32_t count, passage *passages)
{
    for (uint32_t b = 0; b < count; b++)
        for (uint32_t a = 0; a < count; a++)
            if ((ptrdiff_t)passages[halves[b]].available > passages[halves[a]].lowest)
                passages[halves[b]].overtakes |= (uint64_t)1 << a;
}

static bool is_held_whole(const p2a_plan *plan, uint32_t t)
{
    const p2a_window *window = &plan->windows[t];
    return window->carried && window->capacity_rows == plan->shapes[t].height;
}

static bool may_inherit(const p2a_plan *plan, uint32_t from, uint32_t to)
{
    const p2a_window *a = &plan->windows[from], *b = &plan->windows[to];
    const p2a_shape *x = &plan->shapes[from], *y = &plan->shapes[to];
    return a->last_node < b->first_node && a->heir == P2A_NO_HEIR &&
           b->first_turn <= a->last_turn && x->height == y->height && x->width == y->width &&
           x->channels == y->channels && is_held_whole(plan, from) && is_held_whole(plan, to);
}

static void choose_heirs(p2a_plan *plan, const uint32_t *halves, uint32_t count,
                         const passage *passages)
{
    for (uint32_t b = 0; b < count; b++)
        for (uint32_t a = 0; a < count; a++) {
            const bool overtakes = passages[halves[b]].overtakes >> a & 1;
            if (a == b || overtakes || !may_inherit(plan, halves[a], halves[b]))
                continue;
            plan->windows[halves[a]].heir = halves[b];
            plan->windows[halves[b]].inherits = true;
            break;
        }
}

static bool take_turn(const p2a_graph *graph, p2a_plan *plan, size_t *available)
{
    const size_t height = plan->shapes[graph->input].height;
    const size_t left = height - available[graph->input];
    bool done = left <= plan->band_rows;
    available[graph->input] += left < plan->band_rows ? left : plan->band_rows;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const uint32_t output = graph->nodes[n].output;
        const size_t end = p2a_plan_rows_possible(graph, plan, available, n);
        if (plan->max_rows[n] < end - available[output])
            plan->max_rows[n] = end - available[output];
        available[output] = end;
        done = done && end == plan->shapes[output].height;
    }
    return done;
}

/* Let the turns go by without data: how many rows each tensor holds at most, and when. */
static void simulate(const p2a_graph *graph, p2a_plan *plan, size_t *available, passage *passages)
{
    uint32_t halves[HEIRS_MAX];
    const uint32_t half_count = list_halves(graph, halves);
    for (uint32_t t = 0; t < graph->tensor_count; t++) {
        passages[t].lowest = -(ptrdiff_t)plan->windows[t].pad_top_rows;
        plan->windows[t].heir = P2A_NO_HEIR;
    }
    bool done = false;
    for (uint32_t turn = 0; !done; turn++) {
        done = take_turn(graph, plan, available);
        for (uint32_t t = 0; t < graph->tensor_count; t++) {
            p2a_window *window = &plan->windows[t];
            passage *p = &passages[t];
            const bool held = p->available > 0 && p->lowest < (ptrdiff_t)p->available;
            if (held || available[t] != p->available) {
                window->first_turn = p->seen ? window->first_turn : turn;
                window->last_turn = turn;
                p->seen = true;
            }
            ptrdiff_t end = (ptrdiff_t)available[t];
            if (available[t] == plan->shapes[t].height)
                end += window->pad_bottom_rows;
            if (window->capacity_rows < (size_t)(end - p->lowest))
                window->capacity_rows = (size_t)(end - p->lowest);
            p->lowest = p2a_plan_lowest_needed(graph, plan, available, t);
            p->available = available[t];
            if (!done && p->seen && p->lowest < (ptrdiff_t)available[t]) {
                window->carried = true;
                if (p->carried < (size_t)((ptrdiff_t)available[t] - p->lowest))
                    p->carried = (size_t)((ptrdiff_t)available[t] - p->lowest);
            }
        }
        compare_halves(halves, half_count, passages);
    }
    /* carried rows are moved to the front when the window is full: room for as many again makes
     * that rare */
    for (uint32_t t = 0; t < graph->tensor_count; t++) {
        p2a_window *window = &plan->windows[t];
        const size_t most = plan->shapes[t].height + window->pad_top_rows + window->pad_bottom_rows;
        window->capacity_rows += passages[t].carried;
        if (window->capacity_rows > most)
            window->capacity_rows = most;
    }
    choose_heirs(plan, halves, half_count, passages);
}

/* A piece of memory and its life: nodes first..last of every turn first_turn..last_turn, or, where
 * it is carried, from the first node of the first turn to the last node of the last. */
typedef struct interval {
    size_t bytes;
    uint32_t first, last; /* nodes, inclusive */
    uint32_t first_turn, last_turn;
    bool carried;
    uint64_t at;    /* while they are placed: 64 bits hold more than a small machine's addresses */
    size_t *offset; /* result */
} interval;

static bool overlaps(const interval *a, const interval *b)
{
    if (a->first_turn > b->last_turn || b->first_turn > a->last_turn)
        return false;
    if (a->carried && b->carried)
        return !(a->first_turn == b->last_turn && a->first > b->last) &&
               !(b->first_turn == a->last_turn && b->first > a->last);
    if (!a->carried && !b->carried)
        return a->first <= b->last && b->first <= a->last;
    const interval *c = a->carried ? a : b, *n = a->carried ? b : a;
    const uint32_t from = c->first_turn > n->first_turn ? c->first_turn : n->first_turn;
    const uint32_t to = c->last_turn < n->last_turn ? c->last_turn : n->last_turn;
    if (to - from > 1)
        return true;
    for (uint32_t turn = from; turn <= to; turn++)
        if (!(turn == c->first_turn && n->last < c->first) &&
            !(turn == c->last_turn && n->first > c->last))
            return true;
    return false;
}

static int larger_first(const void *a, const void *b)
{
    const interval *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    if (x->first != y->first) /* a fixed order on every platform */
        return x->first < y->first ? -1 : 1;
    return x->carried < y->carried ? -1 : x->carried > y->carried;
}

static int lower_first(const void *a, const void *b)
{
    const interval *x = *(interval *const *)a, *y = *(interval *const *)b;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Greedy by size: each piece goes to the lowest place that is free during its whole life. */
static uint64_t place(interval *items, size_t count, interval **overlapping)
{
    uint64_t total = 0;
    qsort(items, count, sizeof *items, larger_first);
    for (size_t i = 0; i < count; i++) {
        size_t busy = 0;
        for (size_t j = 0; j < i; j++)
            if (overlaps(&items[j], &items[i]))
                overlapping[busy++] = &items[j];
        qsort(overlapping, busy, sizeof *overlapping, lower_first);
        uint64_t at = 0;
        for (size_t j = 0; j < busy && overlapping[j]->at < at + items[i].bytes; j++) {
            const uint64_t end = overlapping[j]->at + overlapping[j]->bytes;
            if (end > at)
                at = end;
        }
        items[i].at = at;
        if (total < at + items[i].bytes)
            total = at + items[i].bytes;
    }
    return total;
}

/* Bytes of `rows` rows, aligned and with slack; SIZE_MAX where that does not fit in size_t. */
static size_t window_bytes(const p2a_shape *shape, size_t item_bytes, size_t rows)
{
    size_t bytes = 0;
    if (!p2a_mul_size(shape->width, shape->channels * item_bytes, &bytes) ||
        !p2a_mul_size(bytes, rows, &bytes) || bytes > SIZE_MAX / 4)
        return SIZE_MAX;
    return (bytes + SLACK_BYTES + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
}

static p2a_status assign_offsets(p2a_context *ctx, const p2a_graph *graph, p2a_plan *plan,
                                 interval *items, interval **overlapping)
{
    size_t count = 0;
    for (uint32_t t = 0; t < graph->tensor_count; t++) {
        p2a_window *window = &plan->windows[t];
        if (window->inherits)
            continue;
        const p2a_window *last = window;
        while (last->heir != P2A_NO_HEIR)
            last = &plan->windows[last->heir];
        const size_t bytes =
            window_bytes(&plan->shapes[t], p2a_tensor_item_bytes(graph, t), window->capacity_rows);
        items[count++] = (interval){bytes,
                                    window->first_node,
                                    last->last_node,
                                    window->first_turn,
                                    last->last_turn,
                                    window->carried,
                                    0,
                                    &window->offset_bytes};
    }
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const size_t bytes =
            p2a_operator_scratch(graph, &graph->nodes[n], plan->shapes, plan->max_rows[n]);
        if (bytes)
            items[count++] = (interval){
                bytes == SIZE_MAX ? bytes : (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES,
                n,
                n,
                0,
                UINT32_MAX,
                false,
                0,
                &plan->scratch_bytes[n]};
    }
    bool fits = true;
    for (size_t i = 0; i < count; i++)
        fits = fits && items[i].bytes != SIZE_MAX;
    const uint64_t total = fits ? place(items, count, overlapping) : UINT64_MAX;
    if (total > SIZE_MAX / 4 * 3)
        return p2a_fail(ctx, P2A_ERR_MEMORY,
                        "the activations of %zux%zu pixels do not fit "
                        "into this machine's addresses",
                        plan->shapes[graph->input].width, plan->shapes[graph->input].height);
    for (size_t i = 0; i < count; i++)
        *items[i].offset = (size_t)items[i].at;
    for (uint32_t t = 0; t < graph->tensor_count; t++) /* an heir is made after whom it follows */
        if (plan->windows[t].heir != P2A_NO_HEIR)
            plan->windows[plan->windows[t].heir].offset_bytes = plan->windows[t].offset_bytes;
    plan->workspace_bytes = (size_t)total;
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
    out->scratch_bytes = p2a_alloc_zeroed(ctx, nodes, sizeof *out->scratch_bytes);
    out->max_rows = p2a_alloc_zeroed(ctx, nodes, sizeof *out->max_rows);
    out->turn_rows = p2a_alloc_zeroed(ctx, nodes, sizeof *out->turn_rows);
    size_t *available = p2a_alloc_zeroed(ctx, tensors, sizeof *available);
    passage *passages = p2a_alloc_zeroed(ctx, tensors, sizeof *passages);
    bool *behind = p2a_alloc_zeroed(ctx, tensors, sizeof *behind);
    interval *items = p2a_alloc_zeroed(ctx, tensors + nodes, sizeof *items);
    interval **overlapping = p2a_alloc_zeroed(ctx, tensors + nodes, sizeof *overlapping);

    p2a_status status = P2A_OK;
    if (!out->shapes || !out->windows || !out->scratch_bytes || !out->max_rows || !out->turn_rows ||
        !available || !passages || !behind || !items || !overlapping) {
        status = p2a_fail_memory(ctx, (tensors + nodes) * sizeof *items, "the plan of a network");
        goto done;
    }
    status = p2a_infer_shapes(ctx, graph, height, width, out->shapes);
    if (status != P2A_OK)
        goto done;
    find_readers(graph, out);
    limit_turns(graph, out, behind);
    simulate(graph, out, available, passages);
    status = assign_offsets(ctx, graph, out, items, overlapping);
    for (uint32_t n = 0; n < nodes; n++)
        out->multiply_adds += p2a_row_multiply_adds(graph, &graph->nodes[n], out->shapes) *
                              (double)out->shapes[graph->nodes[n].output].height;
done:
    p2a_free(ctx, overlapping);
    p2a_free(ctx, items);
    p2a_free(ctx, behind);
    p2a_free(ctx, passages);
    p2a_free(ctx, available);
    return status;
}

void p2a_plan_clear(p2a_context *ctx, p2a_plan *plan)
{
    p2a_free(ctx, plan->turn_rows);
    p2a_free(ctx, plan->max_rows);
    p2a_free(ctx, plan->scratch_bytes);
    p2a_free(ctx, plan->windows);
    p2a_free(ctx, plan->shapes);
    memset(plan, 0, sizeof *plan);
}
