/* align.h - five landmarks -> the similarity transform between a face's upright crop and the photo
 */
#ifndef P2A_FACE_ALIGN_H
#define P2A_FACE_ALIGN_H

#include "face/detect.h"

/*
 * The frame: the 512x512 crop in which the parser was trained and faces are painted. Transforms are
 * 2x3, row by row {xx, xy, x0, yx, yy, y0}, between continuous coordinates: the centre of pixel
 * (0,0) is (0.5, 0.5). A crop of another size is the frame scaled.
 */
#define P2A_FRAME_PX 512
extern const double p2a_frame_landmarks_px[P2A_LANDMARK_COUNT][2];

/*
 * The similarity (scale, turn, shift, no mirror) that carries the frame's landmarks to the face's
 * with the least sum of squares, measured in the frame (Umeyama 1991, in two dimensions).
 *
 * face:     borrowed.
 * crop_px:  side of the square crop, at least 1.
 * photo_from_crop: the transform; all 0 after any error.
 * Errors: P2A_ERR_ARGUMENT where no face has such landmarks: not finite, all in one place, or so
 *         mirrored or scattered that the fit explains less than half of their layout.
 */
p2a_status p2a_align_face(p2a_context *ctx, const p2a_face *face, size_t crop_px,
                          double photo_from_crop[6]);

/* The exact inverse of a 2x3 transform. False (and all 0) where it has none. */
bool p2a_transform_invert(const double m[6], double out[6]);

/* Photo pixels per crop pixel of a similarity. */
double p2a_transform_scale(const double m[6]);

/*
 * The side at which a face is painted: the side that its frame has in the photo, to the next
 * multiple of 64, within min_px and max_px. Small faces are so enlarged to min_px, and large ones
 * keep the detail of the photo as far as max_px allows.
 */
#define P2A_CROP_MIN_PX 512
#define P2A_CROP_MAX_PX 1024
size_t p2a_align_crop_px(const double photo_from_frame[6], size_t min_px, size_t max_px);

/*
 * The photo's pixels that a crop touches: left, top, right, bottom (right and bottom excluded),
 * clipped to the photo. False where the crop lies wholly outside.
 */
bool p2a_align_bounds(const double photo_from_crop[6], size_t crop_px, size_t photo_width_px,
                      size_t photo_height_px, size_t bounds_px[4]);

/*
 * Where crops overlap, each place belongs to the nearest face, measured in face sizes: a plane
 * [crop_px, crop_px] f32 with 1 where this face owns the crop's pixel, 0 where another does, and a
 * soft edge of about a tenth of the face between them. Two faces' shares of a place sum to 1.
 *
 * photo_from_frames: `count` transforms of all faces, for 512 px frames, borrowed.
 * index:             this face.
 * out:               filled; all 1 where no other face is near.
 */
void p2a_align_share(const double (*photo_from_frames)[6], size_t count, size_t index,
                     size_t crop_px, float *out);

#endif
