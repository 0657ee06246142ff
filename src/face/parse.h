/* parse.h - the parser network's logits -> a map of 19 classes, their areas and colours */
#ifndef P2A_FACE_PARSE_H
#define P2A_FACE_PARSE_H

#include "base/context.h"

/* The classes of CelebAMask-HQ; left and right are the subject's own. */
typedef enum p2a_class {
    P2A_CLASS_BACKGROUND = 0,
    P2A_CLASS_SKIN = 1,
    P2A_CLASS_NOSE = 2,
    P2A_CLASS_GLASSES = 3,
    P2A_CLASS_EYE_LEFT = 4,
    P2A_CLASS_EYE_RIGHT = 5,
    P2A_CLASS_BROW_LEFT = 6,
    P2A_CLASS_BROW_RIGHT = 7,
    P2A_CLASS_EAR_LEFT = 8,
    P2A_CLASS_EAR_RIGHT = 9,
    P2A_CLASS_MOUTH = 10, /* inside: teeth, tongue */
    P2A_CLASS_LIP_UPPER = 11,
    P2A_CLASS_LIP_LOWER = 12,
    P2A_CLASS_HAIR = 13,
    P2A_CLASS_HAT = 14,
    P2A_CLASS_EARRING = 15,
    P2A_CLASS_NECKLACE = 16,
    P2A_CLASS_NECK = 17,
    P2A_CLASS_CLOTH = 18
} p2a_class;

#define P2A_CLASS_COUNT 19
#define P2A_PARSE_SIDE_MAX_PX 4096

/* Sets of classes, one bit each. */
#define P2A_SET(c) (1u << (unsigned)(c))
#define P2A_SET_EARS (P2A_SET(P2A_CLASS_EAR_LEFT) | P2A_SET(P2A_CLASS_EAR_RIGHT))
#define P2A_SET_EYES (P2A_SET(P2A_CLASS_EYE_LEFT) | P2A_SET(P2A_CLASS_EYE_RIGHT))
#define P2A_SET_BROWS (P2A_SET(P2A_CLASS_BROW_LEFT) | P2A_SET(P2A_CLASS_BROW_RIGHT))
#define P2A_SET_LIPS (P2A_SET(P2A_CLASS_LIP_UPPER) | P2A_SET(P2A_CLASS_LIP_LOWER))
#define P2A_SET_FACE_SKIN (P2A_SET(P2A_CLASS_SKIN) | P2A_SET(P2A_CLASS_NOSE))
#define P2A_SET_SKIN (P2A_SET_FACE_SKIN | P2A_SET_EARS | P2A_SET(P2A_CLASS_NECK))
/* What stands inside the outline of a face. */
#define P2A_SET_FACE                                                                               \
    (P2A_SET_FACE_SKIN | P2A_SET_EYES | P2A_SET_BROWS | P2A_SET_LIPS | P2A_SET(P2A_CLASS_MOUTH) |  \
     P2A_SET(P2A_CLASS_GLASSES))

/* "background", "skin", ... by p2a_class; and the 8-bit RGB of CelebAMask-HQ's published masks. */
extern const char *const p2a_class_names[P2A_CLASS_COUNT];
extern const uint8_t p2a_class_palette[P2A_CLASS_COUNT][3];

/*
 * Pick the most likely class of each pixel of the crop. Logits are enlarged (or shrunk) bilinearly,
 * with pixel centres at a half, before the pick, so that outlines stay smooth.
 *
 * logits:  [rows, columns, 19] f32, borrowed. A number that is not finite never wins.
 * side_px: of the crop, 1..P2A_PARSE_SIDE_MAX_PX.
 * classes: [side_px, side_px], filled with 0..18.
 * Errors: P2A_ERR_ARGUMENT.
 */
p2a_status p2a_parse_classes(p2a_context *ctx, const float *logits, size_t rows, size_t columns,
                             size_t side_px, uint8_t *classes);

/* Pixels of each class; numbers above 18 are counted as background. */
void p2a_parse_areas(const uint8_t *classes, size_t count, size_t areas_px[P2A_CLASS_COUNT]);

/*
 * Keep one person's face: of the connected pieces of P2A_SET_FACE the one with the most pixels in
 * the middle of the crop stays, the others become background, and so does hair that hangs neither
 * on it nor on ears, hat, neck or cloth that do. Other classes stay as they are.
 *
 * classes: [side_px, side_px], changed in place.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; the map is then as it was.
 */
p2a_status p2a_parse_keep_main(p2a_context *ctx, uint8_t *classes, size_t side_px);

#endif
