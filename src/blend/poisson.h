/* poisson.h - set a painted patch into a picture so that its gradients survive and no seam shows */
#ifndef P2A_BLEND_POISSON_H
#define P2A_BLEND_POISSON_H

#include "image/image.h"

typedef struct p2a_poisson_options {
    /*
     * Levels (of 255) by which the edge's difference may depart from its median before it is taken
     * for something else (hair against sky), which must not bleed into the patch. Between one and
     * two times this the edge counts less and less, beyond it takes its neighbours' difference.
     * 0: every pixel of the edge counts, as in the plain Poisson blend.
     */
    float bleed_limit;
    uint32_t solve_px;   /* longest side of the grid that is solved; larger patches are reduced */
    float tolerance;     /* of the residual, in levels of 255 */
    uint32_t max_cycles; /* multigrid cycles at most */
} p2a_poisson_options;

/* bleed_limit 48, solve_px 384, tolerance 0.1, max_cycles 6. */
void p2a_poisson_options_default(p2a_poisson_options *options);

typedef struct p2a_poisson_report {
    float residual;   /* largest |4 v - sum of neighbours| of the membrane, levels of 255 */
    float untrusted;  /* part of the edge that was kept from bleeding, 0..1 */
    uint32_t reduced; /* pixels of the patch per grid cell, along each side */
} p2a_poisson_report;

/*
 * Blend a patch into a scene (Perez, Gangnet and Blake 2003, in the membrane form of Farbman et
 * al. 2009): over the region where alpha is not 0 the result is the patch plus the membrane that
 * spans (scene - patch) along the region's edge, mixed with the scene by alpha. Where the region
 * reaches the scene's own border no value is prescribed there (Neumann).
 *
 * scene:  changed where alpha is not 0; a fourth channel is left alone.
 * patch:  4 channels: RGB and the mask, borrowed. Its pixel (0,0) comes to (left_px, top_px), and
 *         it must lie within the scene. RGB must be painted wherever alpha is not 0. The mask's
 *         soft edge is mixed as it is; where alpha is 255 up to the edge, the blend is pure.
 * options: borrowed; NULL for the defaults.
 * report: filled; may be NULL.
 * Memory: about 100 bytes for each cell of the grid, at most 15 MB at the default solve_px.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; the scene is then unchanged.
 */
p2a_status p2a_poisson_blend(p2a_context *ctx, p2a_image *scene, const p2a_image *patch,
                             size_t left_px, size_t top_px, const p2a_poisson_options *options,
                             p2a_poisson_report *report);

#endif
