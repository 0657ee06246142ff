/* video.h - frames of one size, painted one after another in memory allocated once */
#ifndef P2A_PIPELINE_VIDEO_H
#define P2A_PIPELINE_VIDEO_H

#include "nn/model.h"

/* As p2a_video_create and p2a_video_process, whose arguments are checked; width and height are not.
 */
p2a_status p2a_pipeline_video_create(p2a_context *ctx, const p2a_model *model, uint32_t width_px,
                                     uint32_t height_px, float steadiness, p2a_video **out);
p2a_status p2a_pipeline_video_process(p2a_video *video, const uint8_t *rgba, const uint8_t **out);
void p2a_pipeline_video_destroy(p2a_video *video);
p2a_context *p2a_pipeline_video_context(const p2a_video *video);

#endif
