/* network.c - a graph with its operators and memory: bands of rows in, bands of rows out */
#include "nn/network.h"

#include <string.h>

#include "base/alloc.h"
#include "nn/fuse.h"
#include "nn/halve.h"
#include "nn/operator.h"
#include "nn/plan.h"

/* Input pixels a band, where the caller leaves it open. At half resolution with 24 channels a
 * tensor of the generator is then 1.5 MB: it stays in the second-level cache. */
#define BAND_PIXELS 65536
/* The same where they are bytes, a quarter as large: fewer pieces of work, which two threads share
 * the better; with more than this one thread becomes slower. */
#define BAND_PIXELS_OF_BYTES 131072
/* Rows of bytes are made in tiles (shorts.c), at the graph's coarsest scale too: a band is some of
 * them, with up to a 16th more than its pixels, so that none is made in part. */
#define BAND_TILE_ROWS 4
/* Where norms hold tensors whole, bands are what can be saved beside them; lower ones cost time,
 * because each copies the rows that its kernels share with the next. */
#define BAND_ROWS_BESIDE_HELD 32

struct p2a_network {
    p2a_context *ctx;
    const p2a_graph *graph; /* own */
    p2a_graph own;          /* from halve.c, with nodes of its own that can be frozen */
    p2a_operator *operators;
    p2a_plan plan;
    char *workspace;
    p2a_view *views;  /* one a tensor: the rows that are in memory now */
    size_t *made;     /* one a tensor: rows made since the start of the picture */
    size_t *gathered; /* two a node: rows of its inputs that a global node has taken */
    p2a_read_rows_fn read;
    p2a_write_rows_fn write;
    void *user;
    uint32_t next_node; /* node_count: the band is done */
    double done;        /* multiply-adds since the start of the picture */
    double share;       /* of a picture's own statistics, see p2a_network_smooth */
    p2a_gathering gathering;
};

/* out: the graph as it is run, with nodes and tensors of its own; release with p2a_halve_clear().
 */
static p2a_status prepare_graph(p2a_context *ctx, const p2a_graph *graph, bool frozen,
                                p2a_graph *out)
{
    const p2a_status status = p2a_halve_graph(ctx, graph, out);
    if (status != P2A_OK)
        return status;
    p2a_fuse_graph(out);
    for (uint32_t n = 0; n < out->node_count; n++)
        out->nodes[n].frozen = frozen && p2a_node_has_statistics(&out->nodes[n]);
    return P2A_OK;
}

p2a_status p2a_network_create(p2a_context *ctx, const p2a_graph *graph, p2a_network **out)
{
    *out = NULL;
    p2a_network *network = p2a_alloc_zeroed(ctx, 1, sizeof *network);
    if (network == NULL)
        return p2a_fail_memory(ctx, sizeof *network, "a network");
    network->ctx = ctx;
    network->share = 1;
    network->graph = &network->own;
    p2a_status status = prepare_graph(ctx, graph, false, &network->own);
    if (status != P2A_OK) {
        p2a_free(ctx, network);
        return status;
    }
    graph = network->graph;
    network->operators = p2a_alloc_zeroed(ctx, graph->node_count, sizeof *network->operators);
    network->views = p2a_alloc_zeroed(ctx, graph->tensor_count, sizeof *network->views);
    network->made = p2a_alloc_zeroed(ctx, graph->tensor_count, sizeof *network->made);
    network->gathered = p2a_alloc_zeroed(ctx, graph->node_count, 2 * sizeof *network->gathered);
    if (!network->operators || !network->views || !network->made || !network->gathered)
        status = p2a_fail_memory(ctx, graph->node_count * sizeof *network->operators, "operators");
    for (uint32_t n = 0; status == P2A_OK && n < graph->node_count; n++)
        status = p2a_operator_create(ctx, graph, &graph->nodes[n], &network->operators[n]);
    if (status != P2A_OK) {
        p2a_network_destroy(network);
        return status;
    }
    *out = network;
    return P2A_OK;
}

static void forget_plan(p2a_network *network)
{
    p2a_free(network->ctx, network->workspace);
    network->workspace = NULL;
    p2a_plan_clear(network->ctx, &network->plan);
}

void p2a_network_destroy(p2a_network *network)
{
    if (network == NULL)
        return;
    p2a_context *ctx = network->ctx;
    forget_plan(network);
    for (uint32_t n = 0; network->operators && n < network->graph->node_count; n++)
        p2a_operator_clear(ctx, &network->operators[n]);
    p2a_free(ctx, network->gathered);
    p2a_free(ctx, network->made);
    p2a_free(ctx, network->views);
    p2a_free(ctx, network->operators);
    p2a_halve_clear(ctx, &network->own);
    p2a_free(ctx, network);
}

static size_t band_of(const p2a_graph *graph, size_t width)
{
    const bool bytes = p2a_tensor_is_bytes(graph, graph->input);
    size_t rows = (bytes ? BAND_PIXELS_OF_BYTES : BAND_PIXELS) / width;
    if (bytes) {
        const size_t whole = BAND_TILE_ROWS * graph->multiple_of;
        const size_t tiled = (rows + rows / 16) / whole * whole;
        rows = tiled > 0 ? tiled : rows;
    }
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (p2a_node_is_norm(&graph->nodes[n]) && rows > BAND_ROWS_BESIDE_HELD)
            rows = BAND_ROWS_BESIDE_HELD;
    rows = rows / graph->multiple_of * graph->multiple_of;
    return rows < graph->multiple_of ? graph->multiple_of : rows;
}

static p2a_status choose_band(p2a_context *ctx, const p2a_graph *graph, size_t height, size_t width,
                              size_t *band_rows)
{
    const size_t multiple = graph->multiple_of;
    if (height == 0 || width == 0 || height % multiple || width % multiple)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected width and height in multiples of %zu, got %zux%zu", multiple,
                        width, height);
    if (*band_rows == 0)
        *band_rows = band_of(graph, width);
    if (*band_rows < height && *band_rows % multiple)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected a multiple of %zu for band_rows_px, got %zu", multiple,
                        *band_rows);
    return P2A_OK;
}

static bool is_planned(const p2a_network *network, size_t height, size_t width, size_t band_rows)
{
    if (network->workspace == NULL)
        return false;
    const p2a_shape shape = network->plan.shapes[network->graph->input];
    return shape.height == height && shape.width == width &&
           network->plan.band_rows == (band_rows < height ? band_rows : height);
}

p2a_status p2a_network_plan(p2a_network *network, size_t height, size_t width, size_t band_rows)
{
    p2a_context *ctx = network->ctx;
    p2a_status status = choose_band(ctx, network->graph, height, width, &band_rows);
    if (status == P2A_OK && is_planned(network, height, width, band_rows))
        return P2A_OK;
    forget_plan(network);
    if (status != P2A_OK)
        return status;
    status = p2a_plan_make(ctx, network->graph, height, width, band_rows, &network->plan);
    if (status == P2A_OK) {
        const size_t bytes = network->plan.workspace_bytes;
        network->workspace = p2a_alloc(ctx, bytes);
        if (network->workspace == NULL)
            status = p2a_fail_memory(ctx, bytes, "the activations of a network");
    }
    if (status != P2A_OK) {
        forget_plan(network);
        return status;
    }
    /* XNNPACK reads a few floats past the end of rows, and multiplies them by nothing: they need
     * not be right, but they must not be signalling garbage under a memory checker. */
    memset(network->workspace, 0, network->plan.workspace_bytes);
    return P2A_OK;
}

p2a_status p2a_network_estimate(p2a_context *ctx, const p2a_graph *graph, size_t height,
                                size_t width, size_t band_rows, bool frozen, size_t *bytes,
                                double *multiply_adds)
{
    *bytes = 0;
    *multiply_adds = 0;
    p2a_status status = choose_band(ctx, graph, height, width, &band_rows);
    if (status != P2A_OK)
        return status;
    p2a_graph own;
    status = prepare_graph(ctx, graph, frozen, &own);
    if (status != P2A_OK)
        return status;
    p2a_plan plan;
    status = p2a_plan_make(ctx, &own, height, width, band_rows, &plan);
    if (status == P2A_OK) {
        *bytes = plan.workspace_bytes;
        for (uint32_t n = 0; n < own.node_count; n++)
            *bytes += p2a_operator_bytes(&own, &own.nodes[n], plan.shapes, plan.max_rows[n]);
        *multiply_adds = plan.multiply_adds;
    }
    p2a_plan_clear(ctx, &plan);
    p2a_halve_clear(ctx, &own);
    return status;
}

/* Room for an operator's statistics of another picture, where there is none yet. */
static p2a_status make_statistics(p2a_context *ctx, const p2a_operator *op, double **statistics)
{
    if (*statistics)
        return P2A_OK;
    const size_t count = p2a_operator_statistics_count(op->graph, op->node);
    *statistics = p2a_alloc_zeroed(ctx, count, sizeof **statistics);
    return *statistics ? P2A_OK
                       : p2a_fail_memory(ctx, count * sizeof **statistics, "a norm's statistics");
}

/* Room for what a comparison gathers, and for what comes of it. */
static p2a_status make_comparison(p2a_network *network)
{
    p2a_status status = P2A_OK;
    for (uint32_t n = 0; status == P2A_OK && n < network->own.node_count; n++) {
        p2a_operator *op = &network->operators[n];
        if (op->statistics)
            status = make_statistics(network->ctx, op, &op->seen);
        if (op->statistics && status == P2A_OK)
            status = make_statistics(network->ctx, op, &op->correction);
    }
    return status;
}

p2a_status p2a_network_set_gathering(p2a_network *network, p2a_gathering gathering)
{
    const bool observes = gathering == P2A_COMPARE;
    const bool frozen = observes || gathering == P2A_FROZEN;
    if (observes) {
        const p2a_status status = make_comparison(network);
        if (status != P2A_OK)
            return status;
    }
    for (uint32_t n = 0; n < network->own.node_count; n++) {
        p2a_node *node = &network->own.nodes[n];
        if (!p2a_node_has_statistics(node))
            continue;
        if (gathering == P2A_CORRECT)
            p2a_operator_compare(&network->operators[n]);
        node->observes = observes;
        if (node->frozen != frozen)
            forget_plan(network);
        node->frozen = frozen;
    }
    network->gathering = gathering;
    return P2A_OK;
}

p2a_status p2a_network_smooth(p2a_network *network, double share)
{
    p2a_status status = P2A_OK;
    network->share = share;
    for (uint32_t n = 0; status == P2A_OK && n < network->own.node_count; n++) {
        p2a_operator *op = &network->operators[n];
        op->before_px[0] = op->before_px[1] = 0;
        if (op->statistics && share < 1)
            status = make_statistics(network->ctx, op, &op->before);
    }
    return status;
}

void p2a_network_trim(p2a_network *network, size_t workspace_bytes)
{
    if (network->plan.workspace_bytes > workspace_bytes)
        forget_plan(network);
}

p2a_context *p2a_network_context(const p2a_network *network)
{
    return network->ctx;
}

p2a_shape p2a_network_output_shape(const p2a_network *network, uint32_t output)
{
    return network->plan.shapes[network->graph->outputs[output]];
}

size_t p2a_network_band_rows(const p2a_network *network)
{
    return network->plan.band_rows;
}

double p2a_network_multiply_adds(const p2a_network *network)
{
    return network->plan.multiply_adds;
}

void p2a_network_start(p2a_network *network, p2a_read_rows_fn read, p2a_write_rows_fn write,
                       void *user)
{
    const p2a_graph *graph = network->graph;
    network->read = read;
    network->write = write;
    network->user = user;
    network->next_node = graph->node_count;
    network->done = 0;
    memset(network->gathered, 0, 2 * graph->node_count * sizeof *network->gathered);
    for (uint32_t t = 0; t < graph->tensor_count; t++) {
        const p2a_window *window = &network->plan.windows[t];
        network->made[t] = 0;
        network->views[t].values = network->workspace + window->offset_bytes;
        network->views[t].item_bytes = p2a_tensor_item_bytes(graph, t);
        network->views[t].first_row = -(ptrdiff_t)window->pad_top_rows;
        network->views[t].shape = network->plan.shapes[t];
    }
}

/* Rows of zeros where a convolution's zero padding reaches above or below the picture. */
static void zero_rows(const p2a_network *network, uint32_t tensor, ptrdiff_t first, size_t rows)
{
    const p2a_view *view = &network->views[tensor];
    if (rows)
        memset(p2a_view_row(view, first), network->graph->tensors[tensor].quantization.zero,
               rows * p2a_view_row_bytes(view));
}

/* Make room in a tensor's window for its rows up to `end`, keeping those that are still needed. */
static void make_room(p2a_network *network, uint32_t tensor, size_t end)
{
    const p2a_window *window = &network->plan.windows[tensor];
    p2a_view *view = &network->views[tensor];
    const size_t made = network->made[tensor];
    const bool completes = end == view->shape.height;
    const ptrdiff_t needed_end = (ptrdiff_t)end + (completes ? window->pad_bottom_rows : 0);

    if (!window->carried && made != 0)
        view->first_row = (ptrdiff_t)made; /* nothing of before is needed, and others lived here */
    if (window->carried && needed_end - view->first_row > (ptrdiff_t)window->capacity_rows) {
        const ptrdiff_t lowest =
            p2a_plan_lowest_needed(network->graph, &network->plan, network->made, tensor);
        memmove(view->values, p2a_view_row(view, lowest),
                (size_t)((ptrdiff_t)made - lowest) * p2a_view_row_bytes(view));
        view->first_row = lowest;
    }
    if (made == 0)
        zero_rows(network, tensor, -(ptrdiff_t)window->pad_top_rows, window->pad_top_rows);
    if (completes)
        zero_rows(network, tensor, (ptrdiff_t)end, window->pad_bottom_rows);
}

/* Hand rows on where the tensor is an output of the graph. */
static void deliver(p2a_network *network, uint32_t tensor, size_t first, size_t rows)
{
    const p2a_graph *graph = network->graph;
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (graph->outputs[i] == tensor)
            network->write(network->user, i, first, rows,
                           p2a_view_row(&network->views[tensor], (ptrdiff_t)first));
}

static void read_band(p2a_network *network)
{
    const uint32_t input = network->graph->input;
    const size_t first = network->made[input];
    const size_t left = network->plan.shapes[input].height - first;
    const size_t rows = left < network->plan.band_rows ? left : network->plan.band_rows;
    network->next_node = 0;
    if (rows == 0) /* a turn for nodes behind a norm */
        return;
    make_room(network, input, first + rows);
    network->read(network->user, first, rows,
                  p2a_view_row(&network->views[input], (ptrdiff_t)first));
    network->made[input] = first + rows;
    deliver(network, input, first, rows);
}

/* All of a node's inputs are gathered: make what it shall use of that. */
static void end_gathering(p2a_network *network, uint32_t n)
{
    const p2a_gathering gathering = network->gathering;
    for (uint32_t i = 0; i < network->graph->nodes[n].input_count; i++) {
        if (gathering == P2A_CORRECT)
            p2a_operator_correct(&network->operators[n], i);
        if (network->share < 1 && (gathering == P2A_GATHER || gathering == P2A_CORRECT))
            p2a_operator_smooth(&network->operators[n], i, network->share);
    }
}

/* Take the rows that are new since the last turn into a node's statistics. */
static void gather(p2a_network *network, uint32_t n, const p2a_view *inputs)
{
    const p2a_node *node = &network->graph->nodes[n];
    bool has_new = false, has_all = true;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const size_t end = network->made[node->inputs[i]];
        size_t *gathered = &network->gathered[2 * n + i];
        has_all = has_all && end == inputs[i].shape.height;
        if (end == *gathered)
            continue;
        has_new = true;
        p2a_operator_gather(network->ctx, &network->operators[n], inputs, i, *gathered,
                            end - *gathered, network->workspace + network->plan.scratch_bytes[n]);
        *gathered = end;
    }
    if (has_new && has_all)
        end_gathering(network, n);
}

static p2a_status run_node(p2a_network *network, uint32_t n, double *multiply_adds)
{
    const p2a_node *node = &network->graph->nodes[n];
    const p2a_shape *shapes = network->plan.shapes;
    const size_t made = network->made[node->output];
    const size_t end = p2a_plan_rows_possible(network->graph, &network->plan, network->made, n);
    p2a_view inputs[P2A_NODE_INPUTS_MAX];
    for (uint32_t i = 0; i < node->input_count; i++)
        inputs[i] = network->views[node->inputs[i]];
    if (p2a_node_is_global(node) || node->observes)
        gather(network, n, inputs);
    if (end == made)
        return P2A_OK;
    make_room(network, node->output, end);
    const p2a_status status = p2a_operator_run(network->ctx, &network->operators[n], shapes, inputs,
                                               &network->views[node->output], made, end - made,
                                               network->workspace + network->plan.scratch_bytes[n]);
    if (status != P2A_OK)
        return status;
    network->made[node->output] = end;
    *multiply_adds = p2a_row_multiply_adds(network->graph, node, shapes) * (double)(end - made);
    deliver(network, node->output, made, end - made);
    return P2A_OK;
}

static bool finished(const p2a_network *network)
{
    if (network->next_node != network->graph->node_count)
        return false;
    for (uint32_t t = 0; t < network->graph->tensor_count; t++)
        if (network->made[t] != network->plan.shapes[t].height)
            return false;
    return true;
}

p2a_status p2a_network_step(p2a_network *network, double budget, double *out_done)
{
    p2a_status status = P2A_OK;
    double spent = 0;
    p2a_context *before = p2a_enter(network->ctx);
    while (status == P2A_OK && !finished(network) && spent <= budget) {
        status = p2a_check_stop(network->ctx);
        if (status != P2A_OK)
            break;
        if (network->next_node == network->graph->node_count) {
            read_band(network);
            continue;
        }
        double multiply_adds = 0;
        status = run_node(network, network->next_node, &multiply_adds);
        network->next_node++;
        spent += multiply_adds;
    }
    p2a_leave(before);
    network->done += spent;
    const double total = network->plan.multiply_adds;
    double part = total > 0 ? network->done / total : 0;
    if (part > 0.999)
        part = 0.999; /* rounding must not look like the end */
    *out_done = status != P2A_OK ? 0 : finished(network) ? 1.0 : part;
    return status;
}

p2a_status p2a_network_run(p2a_network *network, p2a_read_rows_fn read, p2a_write_rows_fn write,
                           void *user)
{
    p2a_network_start(network, read, write, user);
    double done = 0;
    p2a_status status = P2A_OK;
    while (status == P2A_OK && done < 1.0)
        status = p2a_network_step(network, 1e300, &done);
    return status;
}
