/*
 * faces.c - any landmarks, classes, colours and strengths, through all that is done to a face but
 * its networks: aligned, cut out, sharpened, lifted, shaded, corrected, given the photo's lines,
 * blended into a scene and recoloured
 */
#include <math.h>
#include <string.h>

#include "face/align.h"
#include "face/detail.h"
#include "face/lift.h"
#include "face/parse.h"
#include "face/regions.h"
#include "face/shade.h"
#include "face/sharpen.h"
#include "fuzz.h"
#include "image/image.h"
#include "image/warp.h"
#include "pipeline/paste.h"

enum {
    HEAD = 40,
    LANDMARKS = 2 * 2 * P2A_LANDMARK_COUNT,
    FACES_MAX = 3,
    CELLS = 16,
    SCENE_MAX = 40
};

/* The bytes that are left; nought once there are none. */
typedef struct reader {
    const uint8_t *data;
    size_t left;
} reader;

static uint32_t take(reader *r)
{
    if (r->left == 0)
        return 0;
    r->left--;
    return *r->data++;
}

static float take_part(reader *r)
{
    return (float)take(r) / 255.0f;
}

/* Slopes, an edge and a colour of the input's: in a scene of 3 channels or 4. */
static p2a_image *make_image(p2a_context *ctx, reader *r, size_t width, size_t height,
                             size_t channels)
{
    const uint32_t red = take(r), green = take(r), blue = take(r), slope = take(r);
    p2a_image *image = NULL;
    if (p2a_image_alloc(ctx, width, height, channels, &image) != P2A_OK)
        return NULL;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            uint8_t *p = image->pixels + y * image->stride_bytes + x * channels;
            p[0] = (uint8_t)(red + x * slope / 32);
            p[1] = (uint8_t)(green + y * slope / 32);
            p[2] = (uint8_t)(blue + (x > width / 2 ? slope : 0));
            if (channels == 4)
                p[3] = (uint8_t)(x + y);
        }
    return image;
}

/* Landmarks anywhere from far outside of the scene to far beyond it; some are no numbers. */
static p2a_face read_face(reader *r)
{
    p2a_face face = {{0}, 1, {{0}}};
    for (int i = 0; i < P2A_LANDMARK_COUNT; i++)
        for (int k = 0; k < 2; k++) {
            const uint32_t high = take(r), low = take(r);
            const float at = (float)(int)((high << 8) + low) / 64.0f - 256.0f;
            face.landmarks_px[i][k] = high == 255 ? (low < 128 ? 1e30f * (float)low : NAN) : at;
        }
    return face;
}

/* A map of classes in squares; numbers that are no class too. */
static void read_classes(reader *r, size_t side, uint8_t *classes)
{
    uint8_t cells[CELLS * CELLS];
    for (size_t i = 0; i < sizeof cells; i++) {
        const uint32_t value = take(r);
        cells[i] = (uint8_t)(value < 250 ? value % P2A_CLASS_COUNT : value);
    }
    for (size_t y = 0; y < side; y++)
        for (size_t x = 0; x < side; x++)
            classes[y * side + x] = cells[y * CELLS / side * CELLS + x * CELLS / side];
}

static p2a_regions_options read_regions(reader *r)
{
    return (p2a_regions_options){take_part(r), take_part(r), take_part(r), take_part(r),
                                 take_part(r), take_part(r), take_part(r)};
}

static uint32_t read_colour(reader *r)
{
    const uint32_t kind = take(r);
    return kind < 128 ? P2A_COLOR_KEPT : (kind << 16 | take(r) << 8) & 0xffffff;
}

/* Nothing outside of the bounds may change. */
static void check_outside(const p2a_image *scene, const uint8_t *before, const size_t bounds[4])
{
    for (size_t y = 0; y < scene->height_px; y++)
        for (size_t x = 0; x < scene->width_px; x++) {
            const size_t at = y * scene->stride_bytes + x * scene->channels;
            if (x < bounds[0] || y < bounds[1] || x >= bounds[2] || y >= bounds[3])
                MUST(memcmp(scene->pixels + at, before + at, scene->channels) == 0);
            else if (scene->channels == 4)
                MUST(scene->pixels[at + 3] == before[at + 3]);
        }
}

static bool fine(p2a_status status)
{
    MUST(status == P2A_OK || status == P2A_ERR_MEMORY);
    return status == P2A_OK;
}

/* One face, as src/pipeline/faces.c treats it, with a flat crop for the painted one. */
static void treat_face(p2a_context *ctx, reader *r, const p2a_paste *paste, p2a_image *scene,
                       const uint8_t *before)
{
    const size_t side = paste->side_px;
    double photo_from_crop[6];
    size_t bounds[4] = {0};
    memcpy(photo_from_crop, paste->photo_from_frames[paste->index], sizeof photo_from_crop);
    for (int k = 0; k < 6; k++)
        photo_from_crop[k] *= k % 3 == 2 ? 1.0 : (double)P2A_FRAME_PX / (double)side;
    const bool inside =
        p2a_align_bounds(photo_from_crop, side, scene->width_px, scene->height_px, bounds);
    const p2a_regions_options regions = read_regions(r);
    const float lift = take_part(r), shade = take_part(r);
    const double enlargement = 1 / p2a_transform_scale(photo_from_crop);
    const p2a_recolour_options colours = {read_colour(r), read_colour(r), read_colour(r),
                                          read_colour(r)};
    p2a_image *crop = NULL, *seen = NULL, *painted = make_image(ctx, r, side, side, 3);
    const bool goes =
        painted != NULL && fine(p2a_image_warp(ctx, scene, photo_from_crop, side, side, &crop)) &&
        fine(p2a_sharpen_face(ctx, crop, enlargement, lift)) &&
        fine(p2a_lift_face(ctx, crop, paste->classes, lift, NULL)) &&
        fine(p2a_image_warp(ctx, scene, photo_from_crop, side, side, &seen)) &&
        fine(p2a_shade_match(ctx, seen, paste->classes, shade, painted)) &&
        fine(p2a_regions_correct(ctx, crop, paste->classes, &regions, painted)) &&
        fine(p2a_detail_match(ctx, crop, paste->classes, enlargement, 1 - shade, painted)) &&
        fine(p2a_paste_crop(ctx, paste, painted, scene)) &&
        fine(p2a_paste_colours(ctx, paste, &colours, scene));
    if (!inside)
        memset(bounds, 0, sizeof bounds);
    if (goes)
        check_outside(scene, before, bounds);
    p2a_image_destroy(crop);
    p2a_image_destroy(seen);
    p2a_image_destroy(painted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < HEAD)
        return 0;
    reader r = {data, bytes};
    const size_t width = 1 + take(&r) % SCENE_MAX, height = 1 + take(&r) % SCENE_MAX;
    const size_t channels = 3 + take(&r) % 2, side = 16 + take(&r) % 12;
    const size_t wanted = 1 + take(&r) % FACES_MAX;
    p2a_context *ctx = fuzz_context(SCENE_MAX * SCENE_MAX, take(&r) % 4, NULL);
    p2a_image *scene = make_image(ctx, &r, width, height, channels);
    uint8_t *classes = malloc(side * side), *before = malloc(SCENE_MAX * SCENE_MAX * 4);
    MUST(classes != NULL && before != NULL);
    double transforms[FACES_MAX][6];
    size_t count = 0;
    for (size_t i = 0; i < wanted; i++) {
        const p2a_face face = read_face(&r);
        const p2a_status status = p2a_align_face(ctx, &face, P2A_FRAME_PX, transforms[count]);
        MUST(status == P2A_OK || status == P2A_ERR_ARGUMENT);
        count += status == P2A_OK;
    }
    for (size_t i = 0; scene != NULL && i < count; i++) {
        read_classes(&r, side, classes);
        if (!fine(p2a_parse_keep_main(ctx, classes, side)))
            continue;
        memcpy(before, scene->pixels, scene->stride_bytes * height);
        const p2a_paste paste = {classes, side, (const double(*)[6])transforms, count, i};
        treat_face(ctx, &r, &paste, scene, before);
    }
    free(before);
    free(classes);
    p2a_image_destroy(scene);
    MUST(p2a_context_bytes(ctx) == 0);
    p2a_context_destroy(ctx);
    return 0;
}
