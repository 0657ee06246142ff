/* detect.h - raw outputs of the detector network -> faces in photo coordinates */
#ifndef P2A_FACE_DETECT_H
#define P2A_FACE_DETECT_H

#include "base/context.h"

#define P2A_LANDMARK_COUNT 5
#define P2A_DETECT_LEVELS 3
#define P2A_DETECT_ANCHORS 2  /* per cell of a level */
#define P2A_DETECT_SCORE 0.6f /* default threshold */
#define P2A_DETECT_IOU 0.4f   /* default overlap above which two boxes are one face */
#define P2A_DETECT_CANDIDATES ((size_t)4096) /* best ones kept of one pass */

/* The order in which the network gives landmarks: by their side in an upright picture. */
typedef enum p2a_landmark {
    P2A_LANDMARK_EYE_LEFT = 0,
    P2A_LANDMARK_EYE_RIGHT = 1,
    P2A_LANDMARK_NOSE = 2,
    P2A_LANDMARK_MOUTH_LEFT = 3,
    P2A_LANDMARK_MOUTH_RIGHT = 4
} p2a_landmark;

typedef struct p2a_face {
    float box_px[4]; /* left, top, right, bottom; may reach beyond the photo */
    float score;     /* 0..1 */
    float landmarks_px[P2A_LANDMARK_COUNT][2]; /* x, y, by p2a_landmark */
} p2a_face;

/*
 * One level of the network's outputs, all f32, NHWC with N = 1, two anchors in the channels.
 * Level l has stride 8 << l and priors 16 << 2l and 32 << 2l px (RetinaFace, MobileNet x0.25).
 */
typedef struct p2a_detect_level {
    const float *scores;    /* [rows, columns, 2]: one logit per anchor, borrowed */
    const float *boxes;     /* [rows, columns, 2 * 4]: dx, dy, dw, dh per anchor, borrowed */
    const float *landmarks; /* [rows, columns, 2 * 10]: x, y of five points, borrowed */
    size_t rows;
    size_t columns;
} p2a_detect_level;

/* Candidates of all passes over one photo (scales of a pyramid, turned copies). All zero: empty. */
typedef struct p2a_detect_candidate {
    p2a_face face;
    uint32_t pass;
    uint32_t order; /* place in the network's output, so that equal scores sort the same way */
} p2a_detect_candidate;

typedef struct p2a_detect_pool {
    p2a_context *ctx;                 /* kept: its memory; set by the first p2a_detect_add() */
    p2a_detect_candidate *candidates; /* owned */
    size_t count;
    uint32_t passes;
} p2a_detect_pool;

/*
 * Decode one pass and add its faces to the pool.
 *
 * levels:           outputs of the network, borrowed.
 * photo_from_input: 2x3, from pixels of the network's input to pixels of the photo; any similarity
 *                   (scale, turn, shift). A box that is turned becomes the upright box of the
 *                   same area and centre, with the sides of the nearest quarter turn.
 * score:            threshold, 0..1. Of more than P2A_DETECT_CANDIDATES faces the best are kept.
 * Numbers that are not finite are no face. Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; the pool is
 * then as before the call.
 */
p2a_status p2a_detect_add(p2a_context *ctx, const p2a_detect_level levels[P2A_DETECT_LEVELS],
                          const double photo_from_input[6], float score, p2a_detect_pool *pool);

/* Faces of one photo, best score first. */
typedef struct p2a_face_list {
    p2a_context *ctx; /* kept: its memory */
    p2a_face *faces;  /* owned; NULL where count is 0 */
    size_t count;
    bool capped; /* there were more than max_faces */
} p2a_face_list;

/*
 * Merge the pool: greedy suppression by score. Two candidates are one face where their boxes
 * overlap by more than `iou`, or where they come from different passes, the smaller box lies
 * mostly in the larger one and the centres are close (a face seen at two scales or two turns).
 *
 * max_faces: at least 1.
 * out:       given: release with p2a_face_list_destroy(). The pool is left sorted.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY; *out is then all zero.
 */
p2a_status p2a_detect_merge(p2a_context *ctx, p2a_detect_pool *pool, float iou, size_t max_faces,
                            p2a_face_list *out);

void p2a_detect_pool_destroy(p2a_detect_pool *pool);
void p2a_face_list_destroy(p2a_face_list *list);

/* Intersection over union of two boxes (left, top, right, bottom), 0..1. */
float p2a_box_iou(const float a[4], const float b[4]);

#endif
