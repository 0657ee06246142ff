/* drawn_face.h - a face of flat shapes, with its map of classes, in any colours and any size */
#ifndef P2A_TESTS_DRAWN_FACE_H
#define P2A_TESTS_DRAWN_FACE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "face/lab.h"
#include "face/mask.h"
#include "face/parse.h"
#include "image/image.h"

/* Colours as 0xRRGGBB. */
typedef struct drawn_colours {
    uint32_t scene, hair, skin, lips, white, iris, brow, cloth, frame;
    double blotches; /* of the skin, levels */
} drawn_colours;

static const drawn_colours drawn_photo = {0x90a0b0, 0x302418, 0xc08a68, 0xa04848, 0xd8d4d0,
                                          0x404858, 0x402c20, 0x3050a0, 0x181818, 3};

/* A shape of the 512 px frame: an ellipse about (x, y), or a ring of it where `ring` is its width.
 */
typedef struct drawn_shape {
    double x, y, rx, ry, ring;
    uint8_t class_number;
} drawn_shape;

static const drawn_shape drawn_shapes[] = {
    {256, 560, 260, 110, 0, P2A_CLASS_CLOTH},   {256, 460, 60, 90, 0, P2A_CLASS_NECK},
    {256, 240, 190, 220, 0, P2A_CLASS_HAIR},    {255, 300, 130, 170, 0, P2A_CLASS_SKIN},
    {122, 300, 16, 34, 0, P2A_CLASS_EAR_RIGHT}, {389, 300, 16, 34, 0, P2A_CLASS_EAR_LEFT},
    {193, 212, 36, 7, 0, P2A_CLASS_BROW_RIGHT}, {318, 212, 36, 7, 0, P2A_CLASS_BROW_LEFT},
    {193, 244, 26, 13, 0, P2A_CLASS_EYE_RIGHT}, {318, 244, 26, 13, 0, P2A_CLASS_EYE_LEFT},
    {255, 310, 18, 30, 0, P2A_CLASS_NOSE},      {255, 375, 54, 18, 0, P2A_CLASS_LIP_LOWER},
    {255, 366, 50, 9, 0, P2A_CLASS_LIP_UPPER},  {193, 244, 48, 34, 5, P2A_CLASS_GLASSES},
    {318, 244, 48, 34, 5, P2A_CLASS_GLASSES}};

static inline bool drawn_inside(const drawn_shape *s, double x, double y)
{
    double u = (x - s->x) / s->rx, v = (y - s->y) / s->ry;
    double ring = s->ring > 0 ? 1 - s->ring / s->ry : 0;
    return u * u + v * v <= 1 && u * u + v * v >= ring * ring;
}

static inline void drawn_classes(uint8_t *classes, size_t side, bool glasses)
{
    for (size_t i = 0; i < side * side; i++) {
        double x = ((double)(i % side) + 0.5) * 512 / (double)side;
        double y = ((double)(i / side) + 0.5) * 512 / (double)side;
        classes[i] = P2A_CLASS_BACKGROUND;
        for (size_t k = 0; k < sizeof drawn_shapes / sizeof *drawn_shapes; k++)
            if ((glasses || drawn_shapes[k].class_number != P2A_CLASS_GLASSES) &&
                drawn_inside(&drawn_shapes[k], x, y))
                classes[i] = drawn_shapes[k].class_number;
    }
}

static inline uint32_t drawn_colour(const drawn_colours *c, uint8_t class_number, double x,
                                    double y)
{
    switch (class_number) {
    case P2A_CLASS_BACKGROUND:
        return c->scene;
    case P2A_CLASS_HAIR:
        return c->hair;
    case P2A_CLASS_CLOTH:
        return c->cloth;
    case P2A_CLASS_LIP_UPPER:
    case P2A_CLASS_LIP_LOWER:
        return c->lips;
    case P2A_CLASS_BROW_LEFT:
    case P2A_CLASS_BROW_RIGHT:
        return c->brow;
    case P2A_CLASS_EYE_LEFT:
    case P2A_CLASS_EYE_RIGHT:
        return hypot(fabs(x - 255.5) - 62.5, y - 244) < 11 ? c->iris : c->white;
    case P2A_CLASS_GLASSES:
        return c->frame;
    default:
        return c->skin;
    }
}

/* A new image of 3 channels with the face in it; NULL where there is no memory. */
static inline p2a_image *drawn_face(p2a_context *ctx, size_t side, const uint8_t *classes,
                                    const drawn_colours *colours)
{
    p2a_image *image = NULL;
    if (p2a_image_alloc(ctx, side, side, 3, &image) != P2A_OK)
        return NULL;
    for (size_t i = 0; i < side * side; i++) {
        double x = ((double)(i % side) + 0.5) * 512 / (double)side;
        double y = ((double)(i / side) + 0.5) * 512 / (double)side;
        uint32_t rgb = drawn_colour(colours, classes[i], x, y);
        double shade = rgb == colours->skin
                           ? colours->blotches * sin(x * 0.11) * sin(y * 0.13) - 12 * (x / 512)
                           : 6 * sin(x * 0.7 + y * 0.1);
        for (int c = 0; c < 3; c++) {
            double v = (double)(rgb >> (16 - 8 * c) & 255u) + shade;
            image->pixels[3 * i + (size_t)c] = (uint8_t)fmin(fmax(v, 0), 255);
        }
    }
    return image;
}

/* Mean Lab of a set of classes of a square image, away from its outline. */
static inline p2a_status drawn_mean_lab(p2a_context *ctx, const p2a_image *image,
                                        const uint8_t *classes, uint32_t set, float out[3])
{
    const size_t side = image->width_px, count = side * side;
    p2a_lab lab = {0};
    float *mask = calloc(count, sizeof *mask);
    p2a_status status = mask ? p2a_lab_create(ctx, image, &lab) : P2A_ERR_MEMORY;
    if (status == P2A_OK)
        status = p2a_mask_soft(ctx, classes, side, set, -2, 0, mask);
    for (int c = 0; status == P2A_OK && c < 3; c++)
        out[c] = p2a_lab_mean(lab.planes[c], mask, count, -1);
    p2a_lab_destroy(&lab);
    free(mask);
    return status;
}

#endif
