/*
 * convert.c - some options and any bytes as an image file, through the whole of a conversion at
 * tiny sizes: decoded, resized, painted, adjusted, encoded and decoded again
 */
#include <string.h>

#include "fuzz.h"
#include "model_bytes.h"

#define OPTIONS_BYTES 8
#define MAX_PIXELS (96 * 96)

/* The sample generator, loaded once: it is not what is looked at here. */
static p2a_model *sample_model(void)
{
    static p2a_model *model;
    static model_bytes file;
    if (model == NULL) {
        p2a_context *ctx = fuzz_context(1000, 0, NULL);
        model_bytes_sample(&file);
        MUST(p2a_model_load(ctx, file.bytes, file.count, &model) == P2A_OK);
    }
    return model;
}

/* Mostly what p2a_options allows, and a little beyond at both ends. */
static p2a_options read_options(const uint8_t *data)
{
    p2a_options options;
    p2a_options_default(&options);
    options.width_px = data[0];
    options.band_rows_px = (uint32_t)data[1] * data[2];
    options.edge_preserve = 0.48f + (float)data[3] / 248;
    options.color_shift = ((float)data[4] - 3) / 250;
    return options;
}

/* A picture survives both formats: PNG with every bit, JPEG with its size. */
static void encode_and_decode(p2a_context *ctx, const p2a_image *picture, uint32_t quality)
{
    const size_t pixel_bytes =
        (size_t)p2a_image_width(picture) * p2a_image_height(picture) * p2a_image_channels(picture);
    for (int format = 0; format < 2; format++) {
        size_t bytes = 0;
        uint8_t *file = NULL;
        p2a_image *again = NULL;
        const p2a_status status =
            p2a_image_encode(ctx, picture, (p2a_format)format, quality, &bytes, &file);
        MUST(status == P2A_OK || (status == P2A_ERR_ARGUMENT && (quality < 1 || quality > 100)));
        if (status != P2A_OK)
            continue;
        MUST(p2a_image_decode(ctx, file, bytes, &again) == P2A_OK);
        MUST(p2a_image_width(again) == p2a_image_width(picture) &&
             p2a_image_height(again) == p2a_image_height(picture));
        if (format == P2A_FORMAT_PNG && p2a_image_channels(again) == p2a_image_channels(picture))
            MUST(memcmp(p2a_image_pixels(again), p2a_image_pixels(picture), pixel_bytes) == 0);
        p2a_image_destroy(again);
        p2a_bytes_destroy(ctx, file);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < OPTIONS_BYTES)
        return 0;
    const p2a_model *model = sample_model();
    const p2a_options options = read_options(data);
    p2a_context *ctx = fuzz_context(MAX_PIXELS, 64, NULL);
    p2a_image *photo = NULL, *anime = NULL;
    if (p2a_image_decode(ctx, data + OPTIONS_BYTES, bytes - OPTIONS_BYTES, &photo) == P2A_OK) {
        p2a_estimate estimate;
        p2a_result result;
        const p2a_status estimated =
            p2a_convert_estimate(ctx, model, NULL, NULL, p2a_image_width(photo),
                                 p2a_image_height(photo), &options, &estimate);
        const p2a_status status = p2a_convert(ctx, model, photo, &options, &result, &anime);
        MUST((status == P2A_OK) == (anime != NULL));
        MUST(status == P2A_OK || status == P2A_ERR_ARGUMENT || status == P2A_ERR_LIMIT ||
             status == P2A_ERR_MEMORY);
        MUST(status == P2A_ERR_MEMORY || status == estimated);
        if (status == P2A_OK) {
            MUST(estimate.width_px == p2a_image_width(anime));
            MUST(estimate.height_px == p2a_image_height(anime));
            MUST(p2a_image_channels(anime) == p2a_image_channels(photo));
            encode_and_decode(ctx, anime, data[5]);
        }
    }
    p2a_image_destroy(anime);
    p2a_image_destroy(photo);
    MUST(p2a_context_bytes(ctx) == 0);
    p2a_context_destroy(ctx);
    return 0;
}
