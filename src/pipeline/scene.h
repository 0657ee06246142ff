/* scene.h - a photo -> the photo painted by a generator, in bands of rows */
#ifndef P2A_PIPELINE_SCENE_H
#define P2A_PIPELINE_SCENE_H

#include "image/image.h"
#include "nn/network.h"

typedef struct p2a_scene p2a_scene;

/*
 * Zero padding inside a network tints what it paints along the picture's border. So the network
 * sees the picture in a frame of mirrored pixels that is wider than the tint, and the frame is cut
 * off. At 1024x1024 that costs 5 % more work. A crop whose border is not used needs none.
 */
#define P2A_SCENE_MARGIN_PX 16

/*
 * generator: kept; a graph from 3 channels to 3 channels of the same size.
 * photo:     kept.
 * margin_px: P2A_SCENE_MARGIN_PX, or 0.
 * band_rows_px: 0, or as p2a_network_plan.
 * statistics: what a network with statistics of the whole picture takes them from: the picture
 *             where its activations fit into the memory limit (auto) or in any case (exact), or a
 *             thumbnail of it, corrected by what the picture shows (frozen).
 * out:       given: release with p2a_scene_destroy().
 * Errors: P2A_ERR_MODEL (not such a graph), P2A_ERR_ARGUMENT, P2A_ERR_MEMORY.
 */
p2a_status p2a_scene_create(p2a_context *ctx, const p2a_model *generator, const p2a_image *photo,
                            size_t margin_px, size_t band_rows_px, p2a_statistics statistics,
                            p2a_scene **out);

/*
 * Begin another photo of the same size and channels; the packed weights and the plan are used
 * again. photo: kept. Errors: P2A_ERR_MEMORY; the scene can then only be destroyed.
 */
p2a_status p2a_scene_restart(p2a_scene *scene, const p2a_image *photo);

/* As p2a_network_step. */
p2a_status p2a_scene_step(p2a_scene *scene, double budget, double *out_done);

/* The painted picture, borrowed until the scene goes on; NULL before the last step. */
const p2a_image *p2a_scene_painted(const p2a_scene *scene);

/* The painted picture, given; alpha is the photo's. NULL before the last step and after. */
p2a_image *p2a_scene_take(p2a_scene *scene);
size_t p2a_scene_band_rows(const p2a_scene *scene);
double p2a_scene_multiply_adds(const p2a_scene *scene);
/* Which statistics are taken: P2A_STATISTICS_NONE where the network has none, exact or frozen. */
p2a_statistics p2a_scene_statistics(const p2a_scene *scene);

/* As p2a_network_smooth, for the photos of p2a_scene_restart, which are frames of one video. */
p2a_status p2a_scene_smooth(p2a_scene *scene, double share);

/* Give the network's memory back once the picture was taken; what the scene says of it stays. */
void p2a_scene_release(p2a_scene *scene);
void p2a_scene_destroy(p2a_scene *scene);

/* What creating and running this would take. statistics: as p2a_scene_create on entry, as
 * p2a_scene_statistics on return. Errors: as p2a_scene_create. */
p2a_status p2a_scene_estimate(p2a_context *ctx, const p2a_model *generator, size_t width_px,
                              size_t height_px, size_t band_rows_px, p2a_statistics *statistics,
                              size_t *bytes, double *multiply_adds);

#endif
