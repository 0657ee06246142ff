/* seeds.c - a folder's name -> in it, for each fuzz target, a folder of sound files to start from
 */
#include <string.h>
#include <sys/stat.h>

#include "drawn_face.h"
#include "face/align.h"
#include "fixture.h"
#include "fuzz.h"
#include "model_bytes.h"
#include "png_bytes.h"

#define CONVERT_OPTIONS_BYTES 8 /* of convert.c, in front of its image */

static const char *root_folder;

static void write_seed(const char *target, const char *name, const void *bytes, size_t count)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root_folder, target);
    mkdir(path, 0777); /* it may be there */
    snprintf(path, sizeof path, "%s/%s/%s", root_folder, target, name);
    FILE *file = fopen(path, "wb");
    MUST(file != NULL && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

/* A picture for the decoder, and behind some options for the whole conversion. */
static void write_image(const char *name, const uint8_t *bytes, size_t count)
{
    static uint32_t written;
    const uint8_t options[4][CONVERT_OPTIONS_BYTES] = {{0, 0, 0, 129, 253, 90},
                                                       {40, 16, 1, 60, 200, 50},
                                                       {7, 4, 4, 220, 10, 100},
                                                       {90, 0, 0, 129, 100, 1}};
    write_seed("image", name, bytes, count);
    uint8_t *with_options = malloc(count + CONVERT_OPTIONS_BYTES);
    MUST(with_options != NULL);
    memcpy(with_options, options[written++ % 4], CONVERT_OPTIONS_BYTES);
    memcpy(with_options + CONVERT_OPTIONS_BYTES, bytes, count);
    write_seed("convert", name, with_options, count + CONVERT_OPTIONS_BYTES);
    free(with_options);
}

static void write_fixtures(void)
{
    static const char *const names[] = {"baseline_444.jpg",
                                        "baseline_422.jpg",
                                        "baseline_420.jpg",
                                        "progressive_444.jpg",
                                        "progressive_420.jpg",
                                        "restart_420.jpg",
                                        "grey.jpg",
                                        "cmyk.jpg",
                                        "rgb8.png",
                                        "rgb16_interlaced.png"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t count;
        uint8_t *file = fixture_read(names[i], &count);
        write_image(names[i], file, count);
        free(file);
    }
}

/* Every colour type and depth, plain and interlaced, with a palette and transparency. */
static void write_png_kinds(void)
{
    static const uint8_t kinds[][2] = {{1, 0}, {2, 0},  {4, 0},  {8, 0}, {16, 0},
                                       {8, 2}, {16, 2}, {1, 3},  {2, 3}, {4, 3},
                                       {8, 3}, {8, 4},  {16, 4}, {8, 6}, {16, 6}};
    uint8_t palette[256 * 3], transparency[256];
    for (uint32_t i = 0; i < sizeof palette; i++)
        palette[i] = (uint8_t)(i * 37);
    memcpy(transparency, palette, sizeof transparency);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            const png_kind kind = {9, 7, kinds[i][0], kinds[i][1], interlaced == 1};
            const size_t colours =
                kind.colour == 3 ? (size_t)1 << (kind.bit_depth > 8 ? 8 : kind.bit_depth) : 0;
            const size_t clear = kind.colour == 0   ? 2
                                 : kind.colour == 2 ? 6
                                 : kind.colour == 3 ? colours / 2
                                                    : 0;
            png_bytes png = png_file(&kind, colours > 0 ? palette : NULL, colours,
                                     clear > 0 ? transparency : NULL, clear);
            char name[40];
            snprintf(name, sizeof name, "%u_bits_colour_%u%s.png", kind.bit_depth, kind.colour,
                     interlaced ? "_interlaced" : "");
            write_image(name, png.bytes, png.count);
            png_free(&png);
        }
}

/* Files of our own encoder: compressed, unlike the ones above. */
static void write_encoded(p2a_context *ctx)
{
    uint8_t pixels[24 * 17 * 4];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i % 96 < 60 ? i / 7 : i * i);
    for (uint32_t channels = 3; channels <= 4; channels++)
        for (int format = 0; format < 2; format++) {
            p2a_image *image = NULL;
            uint8_t *file = NULL;
            size_t bytes;
            MUST(p2a_image_create(ctx, pixels, 24, 17, channels, &image) == P2A_OK);
            MUST(p2a_image_encode(ctx, image, (p2a_format)format, 60 + 10 * channels, &bytes,
                                  &file) == P2A_OK);
            char name[40];
            snprintf(name, sizeof name, "own_%u.%s", (unsigned)channels, format ? "jpg" : "png");
            write_image(name, file, bytes);
            p2a_bytes_destroy(ctx, file);
            p2a_image_destroy(image);
        }
}

static void write_exif(void)
{
    static const uint8_t plain[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3,
                                    0,   1,   0,  0, 0, 6, 0, 0, 0, 0, 0,    0, 0};
    static const uint8_t second[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 2, 1,    0, 0,
                                     3,   0,   0, 0,  1, 0, 3, 0, 0, 1, 0x12, 0, 4,
                                     0,   0,   0, 1,  0, 0, 0, 8, 0, 0, 0,    8};
    write_seed("exif", "little_endian", plain, sizeof plain);
    write_seed("exif", "second_entry_looped", second, sizeof second);
    write_seed("exif", "cut", plain, 9);
}

static void write_model(p2a_context *ctx, const char *name, const uint8_t *file, size_t bytes)
{
    p2a_model *model = NULL;
    if (p2a_model_load(ctx, file, bytes, &model) != P2A_OK)
        fprintf(stderr, "%s: %s\n", name, p2a_context_message(ctx));
    MUST(model != NULL);
    const char *graph = p2a_model_metadata(model, "graph");
    write_seed("model", name, file, bytes);
    write_seed("network", name, file, bytes);
    write_seed("graph", name, graph, strlen(graph));
    p2a_model_destroy(model);
}

/* A network on bytes. */
static void write_quantized(p2a_context *ctx)
{
    static const char graph[] =
        "{'input':{'name':'image','channels':3},'nodes':["
        "{'op':'quantize','inputs':['image'],'output':'q','step':0.01,'zero':3},"
        "{'op':'conv2d','inputs':['q'],'output':'a','weight':'w','pads':[1,1,0,0],'step':0.05,"
        "'zero':-128},"
        "{'op':'add','inputs':['a','q'],'output':'b','step':0.04,'zero':0},"
        "{'op':'sigmoid','inputs':['b'],'output':'c','step':0.00390625,'zero':-128},"
        "{'op':'dequantize','inputs':['c'],'output':'painting'}],'outputs':['painting']}";
    static const model_weight weights[] = {
        {"w", "I8", 4, {3, 2, 2, 3}}, {"w.scale", "F16", 1, {3}}, {.name = NULL}};
    static const model_entry entries[] = {{"kind", "generator"}, {NULL, NULL}};
    static model_bytes file;
    model_bytes_write(&file, graph, weights, entries);
    write_model(ctx, "quantized", file.bytes, file.count);
}

static void write_models(p2a_context *ctx)
{
    static model_bytes sample;
    model_bytes_sample(&sample);
    write_model(ctx, "sample", sample.bytes, sample.count);
    static const char *const names[] = {"operators_local", "operators_other"};
    for (int i = 0; i < 2; i++) {
        char path[512];
        snprintf(path, sizeof path, "../../parity/%s.safetensors", names[i]);
        size_t count;
        uint8_t *file = fixture_read(path, &count);
        write_model(ctx, names[i], file, count);
        free(file);
    }
}

/* Scenes of faces.c with one to three faces side by side, every correction at work. */
static void write_faces(void)
{
    enum { CELLS = 16, CELL_BYTES = CELLS * CELLS };
    for (uint32_t faces = 1; faces <= 3; faces++) {
        uint8_t bytes[2048], classes[CELL_BYTES];
        size_t n = 0;
        const uint8_t head[] = {39,  34, (uint8_t)(faces - 1), 11, (uint8_t)(faces - 1), 0, 90, 100,
                                140, 60};
        memcpy(bytes, head, sizeof head);
        n += sizeof head;
        for (uint32_t i = 0; i < faces; i++)
            for (int k = 0; k < 2 * P2A_LANDMARK_COUNT; k++) {
                const double in_frame = p2a_frame_landmarks_px[k / 2][k % 2] / 512.0;
                const double at = k % 2 ? 5 + 25 * in_frame : 12 * i + 25 * in_frame;
                const uint32_t value = (uint32_t)((at + 256) * 64);
                bytes[n++] = (uint8_t)(value >> 8);
                bytes[n++] = (uint8_t)value;
            }
        drawn_classes(classes, CELLS, true);
        for (uint32_t i = 0; i < faces; i++) {
            memcpy(bytes + n, classes, CELL_BYTES);
            n += CELL_BYTES;
            memset(bytes + n, 200, 9 + 8 + 4); /* strengths, four colours, the painted crop */
            n += 9 + 8 + 4;
        }
        char name[40];
        snprintf(name, sizeof name, "%u_faces", faces);
        write_seed("faces", name, bytes, n);
    }
}

int main(int count, char **words)
{
    if (count != 2) {
        fprintf(stderr, "usage: p2a-fuzz-seeds FOLDER\n");
        return 2;
    }
    root_folder = words[1];
    mkdir(root_folder, 0777); /* it may be there */
    p2a_context *ctx = fuzz_context(1000000, 0, NULL);
    write_fixtures();
    write_png_kinds();
    write_encoded(ctx);
    write_exif();
    write_models(ctx);
    write_quantized(ctx);
    write_faces();
    p2a_context_destroy(ctx);
    return 0;
}
