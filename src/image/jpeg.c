/* jpeg.c - the bytes of a JPEG -> its size, its orientation, and whether it is whole */
#include "image/jpeg.h"

#include <string.h>

#include "image/exif.h"

/* Markers, ITU T.81 table B.1. */
enum {
    MARKER_TEM = 0x01,
    MARKER_SOF0 = 0xc0,
    MARKER_SOF1 = 0xc1,
    MARKER_SOF2 = 0xc2,
    MARKER_SOF3 = 0xc3,
    MARKER_DHT = 0xc4,
    MARKER_JPG = 0xc8,
    MARKER_SOF9 = 0xc9,
    MARKER_DAC = 0xcc,
    MARKER_SOF15 = 0xcf,
    MARKER_RST0 = 0xd0,
    MARKER_RST7 = 0xd7,
    MARKER_SOI = 0xd8,
    MARKER_EOI = 0xd9,
    MARKER_SOS = 0xda,
    MARKER_APP1 = 0xe1
};

/* Real progressive files have about ten scans; each costs a pass over the whole picture. */
#define SCANS_MAX 100

/* A block of 8x8 pixels takes at least one bit of at least one scan. */
#define PIXELS_PER_BYTE_MAX 512

typedef struct walk {
    p2a_context *ctx;
    const uint8_t *file;
    size_t bytes;
    size_t at;
    p2a_jpeg_info info; /* width_px 0 until the frame header was read */
    uint8_t component_ids[4];
    uint32_t seen_components; /* bit i: component i has a scan */
    uint32_t scan_count;
} walk;

static uint32_t read_u16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

bool p2a_jpeg_has_signature(const uint8_t *file, size_t file_bytes)
{
    return file_bytes >= 3 && file[0] == 0xff && file[1] == MARKER_SOI && file[2] == 0xff;
}

static p2a_status fail_cut_off(const walk *w)
{
    return p2a_fail(w->ctx, P2A_ERR_IMAGE,
                    "the JPEG is cut off: its %zu bytes end without an end marker", w->bytes);
}

/* Move behind the next marker and give its code; 0 where the file ends before one. */
static uint32_t next_marker(walk *w)
{
    while (w->at + 1 < w->bytes) {
        const uint8_t *escape = memchr(w->file + w->at, 0xff, w->bytes - w->at - 1);
        if (escape == NULL)
            break;
        w->at = (size_t)(escape - w->file) + 1;
        const uint32_t code = *(escape + 1);
        if (code != 0x00 && code != 0xff) {
            w->at++;
            return code;
        }
    }
    w->at = w->bytes;
    return 0;
}

static bool is_frame_header(uint32_t marker)
{
    return marker >= MARKER_SOF0 && marker <= MARKER_SOF15 && marker != MARKER_DHT &&
           marker != MARKER_JPG && marker != MARKER_DAC;
}

static p2a_status check_process(const walk *w, uint32_t marker)
{
    const char *process = NULL;
    if (marker >= MARKER_SOF9)
        process = "arithmetic coding";
    else if (marker == MARKER_SOF3)
        process = "lossless coding";
    else if (marker > MARKER_SOF3)
        process = "hierarchical coding";
    if (process == NULL)
        return P2A_OK;
    return p2a_fail(w->ctx, P2A_ERR_IMAGE, "expected a baseline or progressive JPEG, got %s",
                    process);
}

/* Frame header, T.81 B.2.2; body is what follows its length field. */
static p2a_status read_frame_header(walk *w, uint32_t marker, const uint8_t *body,
                                    size_t body_bytes)
{
    p2a_status status = check_process(w, marker);
    if (status != P2A_OK)
        return status;
    if (w->info.width_px != 0)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE, "damaged JPEG: a second frame header at byte %zu",
                        w->at);
    if (body_bytes < 6 || body_bytes != 6 + 3 * (size_t)body[5])
        return p2a_fail(w->ctx, P2A_ERR_IMAGE,
                        "damaged JPEG: a frame header of %zu bytes at byte %zu", body_bytes, w->at);
    const uint32_t bits = body[0], components = body[5];
    if (bits != 8)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE, "expected a JPEG of 8 bits a sample, got %u",
                        (unsigned)bits);
    if (components == 4)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE,
                        "expected a grey or RGB JPEG, got 4 components (CMYK, for print): save "
                        "it as RGB");
    if (components != 1 && components != 3)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE, "expected a JPEG of 1 or 3 components, got %u",
                        (unsigned)components);
    const uint32_t height_px = read_u16(body + 1), width_px = read_u16(body + 3);
    if (width_px == 0 || height_px == 0)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE, "expected a JPEG of at least 1x1 pixels, got %ux%u",
                        (unsigned)width_px, (unsigned)height_px);
    for (uint32_t i = 0; i < components; i++)
        w->component_ids[i] = body[6 + 3 * i];
    w->info.width_px = width_px;
    w->info.height_px = height_px;
    w->info.components = components;
    w->info.progressive = marker == MARKER_SOF2;
    return P2A_OK;
}

/* Scan header, T.81 B.2.3. */
static p2a_status read_scan_header(walk *w, const uint8_t *body, size_t body_bytes)
{
    if (w->info.width_px == 0)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE,
                        "damaged JPEG: a scan before the frame header at byte %zu", w->at);
    if (body_bytes < 1 || body_bytes != 4 + 2 * (size_t)body[0])
        return p2a_fail(w->ctx, P2A_ERR_IMAGE,
                        "damaged JPEG: a scan header of %zu bytes at byte %zu", body_bytes, w->at);
    if (++w->scan_count > SCANS_MAX)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE, "expected at most %d scans in a JPEG, got more",
                        SCANS_MAX);
    /* Only a scan that holds the blocks' means paints something by itself. */
    if (w->info.progressive && body[1 + 2 * body[0]] != 0)
        return P2A_OK;
    for (uint32_t i = 0; i < body[0]; i++)
        for (uint32_t c = 0; c < w->info.components; c++)
            if (w->component_ids[c] == body[1 + 2 * i])
                w->seen_components |= 1u << c;
    return P2A_OK;
}

/*
 * Huffman tables, T.81 B.2.4.2: class and number, the counts of codes of 1 to 16 bits, a byte for
 * each code. Checked here because some versions of stb_image write behind their table's end where
 * the counts sum to more than the 256 values that a byte can have.
 */
static p2a_status check_huffman_tables(walk *w, const uint8_t *body, size_t body_bytes)
{
    while (body_bytes > 0) {
        size_t codes = 0;
        for (size_t i = 1; i <= 16 && body_bytes >= 17; i++)
            codes += body[i];
        if (body_bytes < 17 || codes > 256 || body_bytes - 17 < codes)
            return p2a_fail(w->ctx, P2A_ERR_IMAGE,
                            "damaged JPEG: a Huffman table of %zu codes in %zu bytes at byte %zu",
                            codes, body_bytes, (size_t)(body - w->file));
        body += 17 + codes;
        body_bytes -= 17 + codes;
    }
    return P2A_OK;
}

static void read_app1(walk *w, const uint8_t *body, size_t body_bytes)
{
    static const char tag[6] = "Exif\0";
    if (body_bytes > sizeof(tag) && memcmp(body, tag, sizeof(tag)) == 0 && w->info.orientation == 0)
        w->info.orientation = p2a_exif_orientation(body + sizeof(tag), body_bytes - sizeof(tag));
}

/*
 * Walk the markers. `*out_end` tells which one ended the walk: the first scan's (header only), the
 * end marker, or 0 where the bytes ran out.
 */
static p2a_status walk_markers(walk *w, bool header_only, uint32_t *out_end)
{
    for (;;) {
        const uint32_t marker = next_marker(w);
        *out_end = marker;
        if (marker == 0 || marker == MARKER_EOI)
            return P2A_OK;
        if (marker == MARKER_TEM || (marker >= MARKER_RST0 && marker <= MARKER_RST7))
            continue;
        if (marker == MARKER_SOI)
            return p2a_fail(w->ctx, P2A_ERR_IMAGE, "damaged JPEG: a second start at byte %zu",
                            w->at - 2);
        if (header_only && marker == MARKER_SOS && w->info.width_px != 0)
            return P2A_OK;

        const size_t left = w->bytes - w->at;
        const size_t length = left >= 2 ? read_u16(w->file + w->at) : 0;
        if (left >= 2 && length < 2)
            return p2a_fail(w->ctx, P2A_ERR_IMAGE,
                            "damaged JPEG: segment %02X at byte %zu says it has %zu bytes",
                            (unsigned)marker, w->at - 2, length);
        if (left < 2 || length > left) {
            w->at = w->bytes;
            *out_end = 0;
            return P2A_OK;
        }
        const uint8_t *body = w->file + w->at + 2;
        w->at += length;
        p2a_status status = P2A_OK;
        if (is_frame_header(marker))
            status = read_frame_header(w, marker, body, length - 2);
        else if (marker == MARKER_SOS)
            status = read_scan_header(w, body, length - 2);
        else if (marker == MARKER_DHT)
            status = check_huffman_tables(w, body, length - 2);
        else if (marker == MARKER_APP1)
            read_app1(w, body, length - 2);
        if (status != P2A_OK)
            return status;
    }
}

static p2a_status finish(walk *w, p2a_jpeg_info *out)
{
    if (w->info.width_px == 0)
        return p2a_fail(w->ctx, P2A_ERR_IMAGE, "damaged JPEG: no frame header in its %zu bytes",
                        w->bytes);
    if (w->info.orientation == 0)
        w->info.orientation = P2A_ORIENTATION_UPRIGHT;
    *out = w->info;
    return P2A_OK;
}

p2a_status p2a_jpeg_read_header(p2a_context *ctx, const uint8_t *file, size_t file_bytes,
                                p2a_jpeg_info *out)
{
    walk w = {.ctx = ctx, .file = file, .bytes = file_bytes, .at = 2};
    uint32_t end;
    const p2a_status status = walk_markers(&w, true, &end);
    return status == P2A_OK ? finish(&w, out) : status;
}

p2a_status p2a_jpeg_check(p2a_context *ctx, const uint8_t *file, size_t file_bytes,
                          p2a_jpeg_info *out)
{
    walk w = {.ctx = ctx, .file = file, .bytes = file_bytes, .at = 2};
    uint32_t end;
    const p2a_status status = walk_markers(&w, false, &end);
    if (status != P2A_OK)
        return status;
    if (end == 0)
        return fail_cut_off(&w);
    if (w.info.width_px != 0 && w.seen_components != (1u << w.info.components) - 1)
        return p2a_fail(ctx, P2A_ERR_IMAGE,
                        "damaged JPEG: %u components, but not every one has a scan",
                        (unsigned)w.info.components);
    const uint64_t pixels = (uint64_t)w.info.width_px * w.info.height_px;
    if (pixels / PIXELS_PER_BYTE_MAX > file_bytes)
        return p2a_fail(ctx, P2A_ERR_IMAGE, "damaged JPEG: %zu bytes cannot hold %ux%u pixels",
                        file_bytes, (unsigned)w.info.width_px, (unsigned)w.info.height_px);
    return finish(&w, out);
}
