/*
 * sample.h - a picture -> the smaller pictures that its statistics are estimated from
 *
 * A thumbnail shows all of the picture, but its texture is coarser than the picture's, which shifts
 * a network's statistics. A mosaic of the picture's own tiles has its texture, but not all of its
 * parts, and edges between the tiles. The same mosaic made smaller tells how much of the difference
 * between mosaic and thumbnail is the mosaic's fault: statistics of the mosaic, plus WEIGHT times
 * (those of the thumbnail less those of the small mosaic). That is a control variate (Owen, Monte
 * Carlo theory, methods and examples, 2013, section 8.9); measured, it halves the error.
 */
#ifndef P2A_PIPELINE_SAMPLE_H
#define P2A_PIPELINE_SAMPLE_H

#include "image/image.h"

#define P2A_SAMPLES_MAX 3

typedef struct p2a_sample_picture {
    size_t width_px, height_px;
    double weight;  /* of its statistics; all weights add up to 1 */
    bool is_mosaic; /* tiles of the picture, made smaller where it is the small one */
    bool is_small;
} p2a_sample_picture;

/*
 * photo_px, thumbnail_px: width and height. samples: filled. Returns how many there are: the
 * thumbnail alone where it is the whole picture, or so small that a mosaic of that size says
 * little.
 */
uint32_t p2a_sample_list(const size_t photo_px[2], const size_t thumbnail_px[2],
                         p2a_sample_picture samples[P2A_SAMPLES_MAX]);

/* out: given. Errors: P2A_ERR_MEMORY. */
p2a_status p2a_sample_make(p2a_context *ctx, const p2a_image *photo, const size_t thumbnail_px[2],
                           const p2a_sample_picture *sample, p2a_image **out);

#endif
