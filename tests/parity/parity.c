/*
 * parity.c - a model file run by this core against what PyTorch computed from the same weights
 *
 *     parity MODEL.safetensors EXPECTED.parity [EXPECTED.png]
 *
 * Each case is run in one piece and in the lowest bands. The picture goes through p2a_convert().
 */
#include "check.h"
#include "model_file.h"
#include "nn/network.h"
#include "parity_file.h"

#define TOLERANCE 1e-3 /* of an output's largest value, at least 1 */
#define PICTURE_SEED 7
#define PICTURE_TOLERANCE 1  /* of 255: floats on the edge between two numbers */
#define PICTURE_OFF_MAX 0.01 /* of the values may be on such an edge */

typedef struct run {
    const p2a_graph *graph;
    uint32_t width, seed;
    float *outputs[P2A_GRAPH_OUTPUTS_MAX];
    p2a_shape shapes[P2A_GRAPH_OUTPUTS_MAX];
} run;

static void read_rows(void *user, size_t first, size_t rows, void *out)
{
    const run *r = user;
    const p2a_quantization q = r->graph->tensors[r->graph->input].quantization;
    float *values = out;
    int8_t *bytes = out;
    const uint32_t channels = r->graph->tensors[r->graph->input].channels;
    const double low = r->graph->range[0], high = r->graph->range[1];
    for (size_t y = first; y < first + rows; y++)
        for (uint32_t x = 0; x < r->width; x++)
            for (uint32_t c = 0; c < channels; c++) {
                const double value =
                    low + (high - low) * parity_pixel((uint32_t)y, x, c, r->seed) / 255.0;
                if (q.step > 0)
                    *bytes++ = (int8_t)fmin(fmax(rint(value / (double)q.step) + q.zero, -128), 127);
                else
                    *values++ = (float)value;
            }
}

static void write_rows(void *user, uint32_t output, size_t first, size_t rows, const void *values)
{
    run *r = user;
    const p2a_quantization q = r->graph->tensors[r->graph->outputs[output]].quantization;
    const size_t row_floats = r->shapes[output].width * r->shapes[output].channels;
    float *out = r->outputs[output] + first * row_floats;
    for (size_t i = 0; i < rows * row_floats; i++)
        out[i] = q.step > 0 ? (float)(((const int8_t *)values)[i] - q.zero) * q.step
                            : ((const float *)values)[i];
}

static p2a_status run_network(p2a_context *ctx, run *r, uint32_t height, size_t band_rows)
{
    p2a_network *network = NULL;
    p2a_status status = p2a_network_create(ctx, r->graph, &network);
    if (status == P2A_OK)
        status = p2a_network_plan(network, height, r->width, band_rows);
    for (uint32_t i = 0; i < r->graph->output_count && status == P2A_OK; i++) {
        const p2a_shape shape = p2a_network_output_shape(network, i);
        r->shapes[i] = shape;
        r->outputs[i] = calloc(shape.height * shape.width * shape.channels, sizeof(float));
    }
    if (status == P2A_OK)
        status = p2a_network_run(network, read_rows, write_rows, r);
    p2a_network_destroy(network);
    if (status != P2A_OK)
        printf("%s\n", p2a_context_message(ctx));
    return status;
}

/* Returns the largest difference. */
static double compare(const run *r, uint32_t i, const parity_output *expected, uint32_t thin)
{
    const p2a_shape shape = r->shapes[i];
    CHECK_EQUAL(shape.height, expected->height);
    CHECK_EQUAL(shape.width, expected->width);
    CHECK_EQUAL(shape.channels, expected->channels);
    if (shape.height * shape.width * shape.channels !=
        (size_t)expected->height * expected->width * expected->channels)
        return INFINITY;
    double largest = 0;
    for (size_t k = 0; k < expected->value_count; k++) {
        const double difference =
            fabs((double)r->outputs[i][k * thin] - (double)parity_value(expected, k));
        if (!(difference <= largest))
            largest = isnan(difference) ? INFINITY : difference;
    }
    const double scale = fmax(1.0, 32767.0 * (double)expected->step);
    if (!(largest <= TOLERANCE * scale))
        printf("output %s: largest difference %g, of values up to %g\n",
               r->graph->tensors[r->graph->outputs[i]].name, largest,
               32767.0 * (double)expected->step);
    CHECK(largest <= TOLERANCE * scale);
    return largest / scale;
}

static void check_cases(p2a_context *ctx, const p2a_model *model, const char *path)
{
    size_t bytes = 0;
    uint8_t *data = read_whole_file(path, &bytes);
    parity_file file;
    const bool opened = data != NULL && parity_file_open(data, bytes, &file);
    CHECK(opened);
    for (uint32_t n = 0; opened && n < file.case_count; n++) {
        parity_case c;
        const bool read = parity_file_case(&file, &c);
        CHECK(read && c.output_count == model->graph.output_count);
        if (!read || c.output_count != model->graph.output_count)
            break;
        run whole = {.graph = &model->graph, .width = c.width, .seed = c.seed}, banded = whole;
        double largest = 0;
        if (run_network(ctx, &whole, c.height, c.height) == P2A_OK &&
            run_network(ctx, &banded, c.height, model->graph.multiple_of) == P2A_OK) {
            for (uint32_t i = 0; i < c.output_count; i++) {
                parity_output expected;
                CHECK(parity_file_output(&file, &c, &expected));
                largest = fmax(largest, compare(&whole, i, &expected, c.thin));
                largest = fmax(largest, compare(&banded, i, &expected, c.thin));
            }
        } else {
            CHECK(!"the network runs");
        }
        for (uint32_t i = 0; i < P2A_GRAPH_OUTPUTS_MAX; i++) {
            free(whole.outputs[i]);
            free(banded.outputs[i]);
        }
        printf("%ux%u: largest difference %.2e\n", c.width, c.height, largest);
    }
    CHECK(opened && file.at == file.end);
    free(data);
}

static void check_picture(p2a_context *ctx, const p2a_model *model, const char *path)
{
    size_t bytes = 0;
    uint8_t *data = read_whole_file(path, &bytes);
    p2a_image *expected = NULL, *photo = NULL, *painted = NULL;
    CHECK(data != NULL && p2a_image_decode(ctx, data, bytes, &expected) == P2A_OK);
    free(data);
    const uint32_t width = p2a_image_width(expected), height = p2a_image_height(expected);
    uint8_t *pixels = malloc((size_t)width * height * 3 + 1);
    for (uint32_t y = 0, at = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            for (uint32_t c = 0; c < 3; c++)
                pixels[at++] = parity_pixel(y, x, c, PICTURE_SEED);
    CHECK_EQUAL(p2a_image_create(ctx, pixels, width, height, 3, &photo), P2A_OK);
    CHECK_EQUAL(p2a_convert(ctx, model, photo, NULL, NULL, &painted), P2A_OK);
    CHECK_EQUAL(p2a_image_width(painted), width);
    CHECK_EQUAL(p2a_image_height(painted), height);
    int largest = 0;
    size_t off = 0;
    const size_t count = (size_t)width * height * 3;
    for (size_t i = 0; painted != NULL && i < count; i++) {
        const int difference = abs(p2a_image_pixels(painted)[i] - p2a_image_pixels(expected)[i]);
        largest = difference > largest ? difference : largest;
        off += difference > 0;
    }
    printf("picture %ux%u: largest difference %d of 255, %zu of %zu values differ\n", width, height,
           largest, off, count);
    CHECK(largest <= PICTURE_TOLERANCE);
    CHECK((double)off <= PICTURE_OFF_MAX * (double)count);
    free(pixels);
    p2a_image_destroy(expected);
    p2a_image_destroy(photo);
    p2a_image_destroy(painted);
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        printf("expected MODEL.safetensors EXPECTED.parity [EXPECTED.png]\n");
        return 2;
    }
    p2a_context *ctx = NULL;
    p2a_model *model = NULL;
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    size_t bytes = 0;
    uint8_t *file = read_whole_file(argv[1], &bytes);
    if (file == NULL || p2a_model_load(ctx, file, bytes, &model) != P2A_OK)
        printf("%s: %s\n", argv[1], p2a_context_message(ctx));
    free(file);
    CHECK(model != NULL);
    if (model != NULL)
        check_cases(ctx, model, argv[2]);
    if (model != NULL && argc == 4)
        check_picture(ctx, model, argv[3]);
    p2a_model_destroy(model);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
