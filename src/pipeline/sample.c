/* sample.c - a picture -> the smaller pictures that its statistics are estimated from */
#include "pipeline/sample.h"

#include <math.h>
#include <string.h>

#include "image/resize.h"

#define WEIGHT 0.6       /* of the thumbnail less the small mosaic: 0.5 to 0.7 are as good */
#define LEAST_SCALE 0.4  /* of a thumbnail beside which a mosaic helps */
#define TILES_A_SIDE 16  /* about, of the longer one */
#define TILE_LEAST_PX 32 /* half of a tile's statistics are then of its edges */
#define TILE_STEP_PX 8   /* the networks halve their picture three times at most */

/* The side of a tile for a mosaic of that size. */
static size_t tile_of(size_t width_px, size_t height_px)
{
    const size_t longest = width_px > height_px ? width_px : height_px;
    const size_t tile = longest / TILES_A_SIDE / TILE_STEP_PX * TILE_STEP_PX;
    return tile < TILE_LEAST_PX ? TILE_LEAST_PX : tile;
}

uint32_t p2a_sample_list(const size_t photo_px[2], const size_t thumbnail_px[2],
                         p2a_sample_picture samples[P2A_SAMPLES_MAX])
{
    const double scale = (double)thumbnail_px[0] / (double)photo_px[0];
    const size_t tile = tile_of(thumbnail_px[0], thumbnail_px[1]);
    const size_t columns = thumbnail_px[0] / tile, rows = thumbnail_px[1] / tile;
    samples[0] = (p2a_sample_picture){thumbnail_px[0], thumbnail_px[1], 1, false, true};
    if (scale >= 1 || scale < LEAST_SCALE || columns < 2 || rows < 2)
        return 1;
    samples[0].weight = WEIGHT;
    samples[1] = (p2a_sample_picture){columns * tile, rows * tile, 1, true, false};
    samples[2] =
        (p2a_sample_picture){(size_t)rint((double)(columns * tile) * scale),
                             (size_t)rint((double)(rows * tile) * scale), -WEIGHT, true, true};
    return 3;
}

/* Where tile `index` of `count` begins in a side of the photo: evenly spread, from end to end. */
static size_t tile_begin(size_t index, size_t count, size_t photo_px, size_t tile)
{
    return index * (photo_px - tile) / (count - 1);
}

static p2a_status make_mosaic(p2a_context *ctx, const p2a_image *photo, size_t tile, size_t columns,
                              size_t rows, p2a_image **out)
{
    const p2a_status status = p2a_image_alloc(ctx, (uint32_t)(columns * tile),
                                              (uint32_t)(rows * tile), photo->channels, out);
    const size_t pixel = photo->channels;
    for (size_t y = 0; status == P2A_OK && y < rows * tile; y++) {
        const size_t from_y = tile_begin(y / tile, rows, photo->height_px, tile) + y % tile;
        for (size_t c = 0; c < columns; c++) {
            const size_t from_x = tile_begin(c, columns, photo->width_px, tile);
            memcpy((*out)->pixels + (y * columns + c) * tile * pixel,
                   photo->pixels + (from_y * photo->width_px + from_x) * pixel, tile * pixel);
        }
    }
    return status;
}

p2a_status p2a_sample_make(p2a_context *ctx, const p2a_image *photo, const size_t thumbnail_px[2],
                           const p2a_sample_picture *sample, p2a_image **out)
{
    if (!sample->is_mosaic)
        return p2a_image_resize(ctx, photo, sample->width_px, sample->height_px, out);
    const size_t tile = tile_of(thumbnail_px[0], thumbnail_px[1]);
    p2a_image *mosaic = NULL;
    p2a_status status =
        make_mosaic(ctx, photo, tile, thumbnail_px[0] / tile, thumbnail_px[1] / tile, &mosaic);
    if (status != P2A_OK || !sample->is_small) {
        *out = mosaic;
        return status;
    }
    status = p2a_image_resize(ctx, mosaic, sample->width_px, sample->height_px, out);
    p2a_image_destroy(mosaic);
    return status;
}
