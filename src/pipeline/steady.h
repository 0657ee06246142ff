/* steady.h - frames of a video -> how much of each is new, and a mix that does not flicker */
#ifndef P2A_PIPELINE_STEADY_H
#define P2A_PIPELINE_STEADY_H

#include "image/image.h"

/* Shares are in 256ths of the new frame, one at each corner of each block of pixels. */
typedef struct p2a_steady p2a_steady;

/* Errors: P2A_ERR_MEMORY. out: given: release with p2a_steady_destroy(). */
p2a_status p2a_steady_create(p2a_context *ctx, uint32_t width_px, uint32_t height_px,
                             float steadiness, p2a_steady **out);
void p2a_steady_destroy(p2a_steady *steady);

/* The next frame is the first: nothing is mixed into it. */
void p2a_steady_forget(p2a_steady *steady);

/*
 * A frame -> the frame without its noise where nothing moves.
 * rgba: as p2a_video_process. out: 3 channels, of the video's size.
 */
void p2a_steady_frame(p2a_steady *steady, const uint8_t *rgba, p2a_image *out);

/* What was painted from that frame -> what is shown: RGBA rows, mixed with the same shares. */
void p2a_steady_show(p2a_steady *steady, const p2a_image *painted, uint8_t *rgba);

#endif
