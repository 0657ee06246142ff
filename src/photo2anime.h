/*
 * photo2anime.h - turn a photo into anime on the person's own machine: the whole public C API.
 *
 * Four nouns and one verb:
 *
 *   p2a_context  allocator, limits, threads and the last message. Everything is made with one and
 *                must be destroyed before it. A context is used by one thread at a time; different
 *                contexts are independent. The one exception is p2a_context_stop().
 *   p2a_image    8-bit sRGB pixels with straight (not premultiplied) alpha, upright.
 *   p2a_model    the immutable weights and graph of one network, read from a .safetensors file.
 *   p2a_job      one conversion under way, done in short steps: the caller shows progress, stops or
 *                goes on between two steps. p2a_convert() runs all the steps in one call.
 *
 * Pixel (0,0) is top left and its centre is (0.5, 0.5); y grows downwards.
 *
 * Every call that can fail returns a p2a_status and gives its result through its last parameter,
 * which is NULL (or zeroed) after any failure. p2a_context_message() then names the value and the
 * rule that it broke. Nothing is written to stdout or stderr.
 *
 * Pointers are *borrowed* (read during the call), *kept* (must outlive the object that is made) or
 * *given* (yours now; the comment says how to release). destroy(NULL) does nothing.
 */
#ifndef PHOTO2ANIME_H
#define PHOTO2ANIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define P2A_VERSION_MAJOR 0
#define P2A_VERSION_MINOR 1
#define P2A_VERSION_PATCH 0

/* How a call ended. The numbers are part of the API and never change meaning. */
typedef enum p2a_status {
    P2A_OK = 0,
    P2A_ERR_ARGUMENT = 1, /* a NULL where none may be, or a value outside its range */
    P2A_ERR_MEMORY = 2,   /* the allocator, or the memory limit, said no */
    P2A_ERR_LIMIT = 3,    /* larger than p2a_limits allows; found before anything is allocated */
    P2A_ERR_IMAGE = 4,    /* not a JPEG or PNG that this build reads, or a damaged one */
    P2A_ERR_MODEL = 5,    /* not a model file of this format, or a damaged one */
    P2A_ERR_STOPPED = 6,  /* p2a_context_stop() was called */
    P2A_ERR_INTERNAL = 7  /* an operator refused what the checks had let through: a bug here */
} p2a_status;

typedef struct p2a_context p2a_context;
typedef struct p2a_image p2a_image;
typedef struct p2a_model p2a_model;
typedef struct p2a_job p2a_job;

/* The version as 0xMMmmpp, for example 0x000100 for 0.1.0. */
uint32_t p2a_version(void);

/* The name of a status, for example "P2A_ERR_IMAGE"; "P2A_ERR_UNKNOWN" for other numbers. */
const char *p2a_status_name(p2a_status status);

/* ---- Context ------------------------------------------------------------------------------- */

/* What a context may use. All fields are 4 bytes, so that the layout is the same in wasm. */
typedef struct p2a_limits {
    uint32_t threads;       /* 1..64; 1 runs everything on the calling thread */
    uint32_t max_pixels;    /* of a picture, before and after resizing */
    uint32_t max_side_px;   /* of a picture, 1..65535 */
    uint32_t memory_mbytes; /* of everything allocated at one time (2^20 bytes); 0: no limit */
} p2a_limits;

/* Memory from the caller. All three or none (NULL pointer to the struct: malloc and free). */
typedef struct p2a_allocator {
    void *user;                                  /* handed back in every call, kept */
    void *(*allocate)(void *user, size_t bytes); /* aligned as malloc; NULL: no memory */
    void (*release)(void *user, void *block);    /* block may not be NULL */
} p2a_allocator;

/* Fills *limits with the defaults: 1 thread, 100 megapixels, 65535 px a side, no memory limit. */
void p2a_limits_default(p2a_limits *limits);

/*
 * Make a context.
 *
 * limits:    borrowed; NULL for the defaults.
 * allocator: borrowed (its `user` is kept); NULL for malloc and free.
 * out:       the context, given: release with p2a_context_destroy(), last of all.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY (there is no message yet: no context holds one).
 */
p2a_status p2a_context_create(const p2a_limits *limits, const p2a_allocator *allocator,
                              p2a_context **out);
void p2a_context_destroy(p2a_context *ctx);

/* The text of the last failure on this context, "" before the first; valid until the next call. */
const char *p2a_context_message(const p2a_context *ctx);

/*
 * Ask the job that runs on this context to stop: its step returns P2A_ERR_STOPPED before its next
 * operator. May be called from any thread. The request is forgotten when a new job is created.
 */
void p2a_context_stop(p2a_context *ctx);

/* Threads that operators really run on (the machine may have given fewer than asked for). */
uint32_t p2a_context_threads(const p2a_context *ctx);

/* Bytes allocated through this context: now, and the most at one time since the last reset. */
size_t p2a_context_bytes(const p2a_context *ctx);
size_t p2a_context_peak_bytes(const p2a_context *ctx);
void p2a_context_reset_peak(p2a_context *ctx);

/* What a model computes in: 32-bit floats, or signed bytes (its metadata "precision" is int8). */
typedef enum p2a_precision { P2A_PRECISION_F32 = 0, P2A_PRECISION_INT8 = 1 } p2a_precision;

/*
 * Measure this machine: multiply-adds a second of a bare 3x3 convolution, 64 to 64 channels, on
 * 128x128 pixels, with this context's threads; the best of several runs within about 100 ms.
 * out: multiply-adds a second. Errors: P2A_ERR_ARGUMENT, P2A_ERR_MEMORY.
 */
p2a_status p2a_context_measure(p2a_context *ctx, p2a_precision precision, double *out);

/* ---- Images -------------------------------------------------------------------------------- */

typedef enum p2a_format { P2A_FORMAT_PNG = 0, P2A_FORMAT_JPEG = 1 } p2a_format;

/*
 * Read the size of a JPEG or PNG from its header, upright (EXIF orientation applied).
 *
 * file:   file_bytes readable bytes, borrowed. The first 64 kB are enough for most files.
 * out_px: two numbers, width and height; both 0 after any error.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_IMAGE.
 */
p2a_status p2a_image_probe(p2a_context *ctx, const void *file, size_t file_bytes,
                           uint32_t out_px[2]);

/*
 * Decode JPEG (baseline or progressive, grey or colour; CMYK is refused) or PNG (every colour
 * type, 1 to 16 bits, interlaced) bytes into 8-bit sRGB pixels, upright (EXIF applied). The
 * limits are checked from the header, before any pixel is allocated.
 *
 * file: file_bytes readable bytes, borrowed.
 * out:  the image, given: release with p2a_image_destroy(). 4 channels where the file carries
 *       transparency, else 3.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_IMAGE, P2A_ERR_LIMIT, P2A_ERR_MEMORY.
 */
p2a_status p2a_image_decode(p2a_context *ctx, const void *file, size_t file_bytes, p2a_image **out);

/*
 * Make an image from pixels, copied.
 *
 * pixels:   height rows of width pixels of `channels` bytes, sRGB, no padding, borrowed.
 * channels: 3 (RGB) or 4 (RGBA, straight alpha).
 * out:      the image, given: release with p2a_image_destroy().
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_LIMIT, P2A_ERR_MEMORY.
 */
p2a_status p2a_image_create(p2a_context *ctx, const uint8_t *pixels, uint32_t width_px,
                            uint32_t height_px, uint32_t channels, p2a_image **out);
void p2a_image_destroy(p2a_image *image);

/* What an image holds; 0 and NULL for a NULL image. The pixels are borrowed from the image. */
uint32_t p2a_image_width(const p2a_image *image);
uint32_t p2a_image_height(const p2a_image *image);
uint32_t p2a_image_channels(const p2a_image *image);
const uint8_t *p2a_image_pixels(const p2a_image *image);

/*
 * Encode an image as a PNG or JPEG file. JPEG has no alpha: pixels are set on white.
 *
 * quality:   1..100, for JPEG only (PNG keeps every bit and ignores it).
 * out_bytes: the length of the file; 0 after any error.
 * out:       the file, given: release with p2a_bytes_destroy().
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_LIMIT (JPEG holds at most 65500 px a side), P2A_ERR_MEMORY.
 */
p2a_status p2a_image_encode(p2a_context *ctx, const p2a_image *image, p2a_format format,
                            uint32_t quality, size_t *out_bytes, uint8_t **out);
void p2a_bytes_destroy(p2a_context *ctx, uint8_t *bytes);

/* ---- Models -------------------------------------------------------------------------------- */

/*
 * Read a model file: safetensors, with the graph and its terms in __metadata__
 * (docs/model-file.md). Everything in it is checked; a truncated, altered or cyclic file is
 * refused.
 *
 * file: file_bytes readable bytes, borrowed.
 * out:  the model, given: release with p2a_model_destroy().
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MODEL, P2A_ERR_MEMORY.
 */
p2a_status p2a_model_load(p2a_context *ctx, const void *file, size_t file_bytes, p2a_model **out);
void p2a_model_destroy(p2a_model *model);

/*
 * One entry of the file's __metadata__, as UTF-8 text: "name", "kind", "license",
 * "commercial_use" ("yes" or "no"), "teachers", ... Borrowed from the model; NULL if absent.
 */
const char *p2a_model_metadata(const p2a_model *model, const char *key);

/*
 * Make a model between others, weight by weight (Deep Network Interpolation: Wang et al., CVPR
 * 2019). Networks that were fine-tuned from one base give a style between theirs.
 *
 * models: `count` (1..16) models of one graph, borrowed.
 * shares: `count` numbers from 0 to 1 that add up to 1, borrowed.
 * out:    the model, given: release with p2a_model_destroy(). Its name says the shares; the terms
 *         of all models with a share above 0 hold for it.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MODEL (graphs differ), P2A_ERR_MEMORY.
 */
p2a_status p2a_model_blend(p2a_context *ctx, const p2a_model *const *models, const float *shares,
                           uint32_t count, p2a_model **out);

/*
 * Keep the model's network, with its packed weights, from one job to the next: many small pictures
 * are then painted without the sixth of their time that packing takes. The network is the model's
 * own memory (about twice its weights) until the model is destroyed or keep is 0; 0 unless told.
 * Only jobs on the context that the model was made with find it. A NULL model is left alone.
 */
void p2a_model_keep_network(p2a_model *model, uint32_t keep);

/* ---- Converting ---------------------------------------------------------------------------- */

/* What networks take that normalise over the whole picture: its statistics, or a smaller copy's. */
typedef enum p2a_statistics {
    P2A_STATISTICS_AUTO = 0,
    P2A_STATISTICS_EXACT = 1,
    P2A_STATISTICS_FROZEN = 2,
    P2A_STATISTICS_NONE = 3 /* an answer: the network has none */
} p2a_statistics;

/* What a person can choose: p2a_options_default(), then change. All 4 bytes, integers first. */
typedef struct p2a_options {
    uint32_t width_px;     /* of the result, height in proportion; 0: as the photo */
    uint32_t band_rows_px; /* rows painted at a time; 0: chosen from the width. The result is the
                              same, byte for byte, whatever this is */
    uint32_t statistics;   /* a p2a_statistics, AUTO to FROZEN; AUTO */
    /* The rest is for jobs with p2a_job_use_faces(), but for the two that say otherwise. */
    uint32_t max_faces;   /* 1..1024 painted in one picture, the largest ones; 64 */
    uint32_t hair_color;  /* 0xRRGGBB, shading kept, for every face that is painted; or */
    uint32_t lip_color;   /* P2A_COLOR_KEPT, which all four are by default. Eyes: the irises. */
    uint32_t eye_color;   /* Cloth: what of it lies in the crop of a face, fading at its border */
    uint32_t cloth_color; /* (about a face's width below the chin) */
    float edge_preserve; /* 0.5: fine edges softened .. 1: as painted .. 1.5: the photo's added. All
                            jobs */
    float color_shift;   /* 0: the photo's colours .. 1: the style's, as painted. All jobs */
    float face_min_px;   /* 8..65535: shorter side of a face's box, below which the face is left to
                            the scene; 16 */
    float character;     /* 0: the face as the style paints it .. 1: as the portrait network does */
    float face_skin;     /* 0: off .. 1: most; 0.5. Skin evened, the person's own tone kept */
    float face_eyes;     /* 0..1; 0.5. Eyes brightened and sharpened */
    float face_lips;     /* 0..1; 0.5. Lips and brows tinted as in the photo */
    float face_strength; /* 0..1; 1: of all corrections together, features, light and
                            glasses included */
} p2a_options;

#define P2A_COLOR_KEPT UINT32_MAX

/* What a conversion did. All fields are 8-byte floats, so that the layout is the same in wasm. */
typedef struct p2a_result {
    double scene_ms;      /* painting the scene, resizing included */
    double faces_ms;      /* finding, parsing, painting and correcting faces */
    double find_ms;       /* of those, finding: both looks of the detector */
    double parse_ms;      /* of those, cutting out and parsing */
    double correct_ms;    /* of those, light and region corrections */
    double blend_ms;      /* setting the faces back into the scene */
    double face_count;    /* faces painted */
    double faces_left;    /* large enough, but left to the scene: more than max_faces */
    double multiply_adds; /* done by the networks' convolutions and matrix products */
    double peak_bytes;    /* most memory of this context since the job was created */
    double band_rows_px;  /* the band height that was used */
    double statistics;    /* a p2a_statistics: which were used, EXACT, FROZEN or NONE */
} p2a_result;

/* What a conversion would take. Decoding and encoding come on top. */
typedef struct p2a_estimate {
    double peak_bytes; /* beyond what the context holds now, where a face of up to 512 px is found;
                          a larger one takes up to 60 more for each pixel that it covers */
    double multiply_adds;      /* scene and detector; over p2a_context_measure(): seconds */
    double face_multiply_adds; /* what each face that is found adds; 0 without a detector */
    double width_px;           /* of the result */
    double height_px;
    double statistics; /* a p2a_statistics: which would be used, EXACT, FROZEN or NONE */
} p2a_estimate;

/* Fills *options with the defaults: the photo's size, as the style paints it, the numbers above. */
void p2a_options_default(p2a_options *options);

/*
 * Say what converting a width_px x height_px picture would take, without doing it.
 * detector, parser: as p2a_job_use_faces() would get them, borrowed; both NULL: without faces.
 * options: borrowed; NULL for the defaults.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_LIMIT, P2A_ERR_MODEL, P2A_ERR_MEMORY. */
p2a_status p2a_convert_estimate(p2a_context *ctx, const p2a_model *model, const p2a_model *detector,
                                const p2a_model *parser, uint32_t width_px, uint32_t height_px,
                                const p2a_options *options, p2a_estimate *out);

/*
 * Begin a conversion.
 *
 * model, image: kept until the job is destroyed. The image is not changed. A NULL model: nothing
 *               is painted; the job finds faces (p2a_job_use_faces() must follow).
 * options:      borrowed; NULL for the defaults.
 * out:          the job, given: release with p2a_job_destroy().
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_LIMIT, P2A_ERR_MEMORY.
 */
p2a_status p2a_job_create(p2a_context *ctx, const p2a_model *model, const p2a_image *image,
                          const p2a_options *options, p2a_job **out);

#define P2A_FACE_CROP_PX 512
#define P2A_FACE_CLASSES 19

/* A face that was found. All 4-byte floats; px: of the result. */
typedef struct p2a_face_info {
    float box_px[4];          /* left, top, right, bottom; may reach beyond the picture */
    float score;              /* 0.97..1 */
    float landmarks_px[10];   /* x, y of the picture's left eye, right eye, nose, left and right
                                 corner of the mouth */
    float used;               /* 1: cut out, parsed and (with a model) painted; 0: too small, one
                                 too many, or no face to the parser. The rest is then 0 */
    float photo_from_crop[6]; /* 2x3, row by row: from the crop, 512 px upright, to the picture */
    float class_px[P2A_FACE_CLASSES]; /* pixels of each class in the crop, by CelebAMask-HQ's
        numbers: background, skin, nose, glasses, left eye, right eye, left brow, right brow, left
        ear, right ear, mouth (inside), upper lip, lower lip, hair, hat, earring, necklace, neck,
        cloth; left and right are the person's own */
} p2a_face_info;

/*
 * Paint faces too (face2paint): each one found is cut out upright, painted at its own scale by the
 * same generator, corrected (skin tone, eyes, brows, lips, glasses) and blended into the scene.
 * Between p2a_job_create() and the first step.
 *
 * detector, parser: models of these kinds, kept until the job is destroyed.
 * portrait:         a relative of the job's model, borrowed; NULL where `character` is 0.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_MODEL, P2A_ERR_MEMORY; the job is then as before.
 */
p2a_status p2a_job_use_faces(p2a_job *job, const p2a_model *detector, const p2a_model *parser,
                             const p2a_model *portrait);

/* How many faces were found (0 before the job is finished), and one of them.
 * Errors: P2A_ERR_ARGUMENT (index not below p2a_job_face_count()). */
uint32_t p2a_job_face_count(const p2a_job *job);
p2a_status p2a_job_face(p2a_job *job, uint32_t index, p2a_face_info *out);

/*
 * The class of each pixel of a face's crop, P2A_FACE_CROP_PX rows of as many bytes (0..18).
 * Borrowed from the job. NULL where the face was not used, and in jobs that paint.
 */
const uint8_t *p2a_job_face_classes(const p2a_job *job, uint32_t index);

/*
 * Work for a few tens of milliseconds.
 *
 * out_progress: the part that is done, 0 to 1; 1 only when nothing is left to do.
 * Errors: P2A_ERR_STOPPED, P2A_ERR_MEMORY; the job can then only be destroyed.
 */
p2a_status p2a_job_step(p2a_job *job, double *out_progress);

/*
 * Take the result of a job whose last step said 1.
 *
 * result: filled unless NULL.
 * out:    the picture, given: release with p2a_image_destroy(). Alpha is the photo's. NULL where
 *         the job has no model.
 * Errors: P2A_ERR_ARGUMENT (not finished, or taken already).
 */
p2a_status p2a_job_take(p2a_job *job, p2a_result *result, p2a_image **out);
void p2a_job_destroy(p2a_job *job);

/* The same in one call: create, step until done, take, destroy. Errors: as those calls. */
p2a_status p2a_convert(p2a_context *ctx, const p2a_model *model, const p2a_image *image,
                       const p2a_options *options, p2a_result *result, p2a_image **out);

/* ---- Video --------------------------------------------------------------------------------- */

/* Paints the frames of one size, one after another, in memory that it allocates once. */
typedef struct p2a_video p2a_video;

/*
 * model:      kept until the video is destroyed; a generator.
 * steadiness: 0 (each frame by itself) to 1 (the least flicker). Where nothing moves, a frame is
 *             mixed with those before it, so that a camera's noise does not make lines dance; where
 *             something moves, it is painted as it is.
 * out:        the video, given: release with p2a_video_destroy().
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_LIMIT, P2A_ERR_MODEL, P2A_ERR_MEMORY.
 */
p2a_status p2a_video_create(p2a_context *ctx, const p2a_model *model, uint32_t width_px,
                            uint32_t height_px, float steadiness, p2a_video **out);

/*
 * Paint the next frame.
 *
 * rgba: height_px rows of width_px pixels of 4 bytes, sRGB, borrowed; alpha is not read.
 * out:  rows of the same form with alpha 255, borrowed until the next call or the video's end;
 *       NULL after any failure. The frame after a failure starts anew.
 * Errors: P2A_ERR_ARGUMENT, P2A_ERR_STOPPED, P2A_ERR_MEMORY.
 */
p2a_status p2a_video_process(p2a_video *video, const uint8_t *rgba, const uint8_t **out);
void p2a_video_destroy(p2a_video *video);

#ifdef __cplusplus
}
#endif

#endif
