/* regions.h - a painted face -> the same face with the person's skin, eyes, lips and glasses */
#ifndef P2A_FACE_REGIONS_H
#define P2A_FACE_REGIONS_H

#include "face/parse.h"
#include "image/image.h"

/* Strength of each correction, 0..1; 0 is off and changes no byte. */
typedef struct p2a_regions_options {
    /* Painted skin's mean and spread in Lab moved towards the photo's skin, but for 4 in L and 6 in
     * the a-b plane, which the style may shift it as it shifts the body's: at most 32 in L, 24 in
     * the a-b plane, spreads by at most a third. Default 0.85. */
    float skin_tone;
    /* Blotches on the skin of less than about 4 Lab units smoothed, lines kept; more where there
     * are more of them. Default 0.5. */
    float skin_even;
    /* Bright parts of open eyes raised by at most 14 in L, and the eyes sharpened. Default 0.5. */
    float eyes;
    /* Brows made to stand out from the skin as in the photo, at most 16 in L. Default 0.5. */
    float brows;
    /* Lips made to stand out from the skin as in the photo and a tenth more, at most 16 in the a-b
     * plane and in L. Default 0.5. */
    float lips;
    /* Light and dark of the photo's features (eyes, brows, nose, mouth) taken instead of the
     * painting's, up to lines a fiftieth of the crop wide: what a person is known by. Default 0.4.
     */
    float features;
    /* Lines of the photo's glasses brought back where they are stronger. Default 0.7. */
    float glasses;
} p2a_regions_options;

void p2a_regions_options_default(p2a_regions_options *options);

/*
 * Correct the regions of a painted face, in the order of the options, each inside its soft mask.
 * A region that is missing or only a few pixels large is left alone.
 *
 * photo:   the crop that was painted (after p2a_lift_face()), 3 or 4 channels, borrowed.
 * classes: [side, side] of the crop's size, borrowed.
 * options: borrowed; NULL for the defaults.
 * painted: of the photo crop's size, changed in place; a fourth channel is left alone.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; painted is then unchanged.
 */
p2a_status p2a_regions_correct(p2a_context *ctx, const p2a_image *photo, const uint8_t *classes,
                               const p2a_regions_options *options, p2a_image *painted);

/* Bytes that correcting a crop of this side takes while it runs, about. */
size_t p2a_regions_bytes(size_t side_px);

#endif
