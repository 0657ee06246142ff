/* adjust.c - brightness detail scaled or taken from the photo; colour offsets from a coarse grid */
#include "pipeline/adjust.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pool.h"
#include "image/colour.h"

#define BAND_ROWS ((size_t)32)
#define ROWS_A_PIECE 4
/* Values are levels, 0..255. */
#define GRID_MOST ((size_t)512) /* cells along the longer side */
#define DETAIL_PART 400         /* the longer side over the blur's radius */
#define RADIUS_MOST ((size_t)10)
#define SOFTEN 0.75f    /* of the detail that is taken away at edge_preserve 0.5 */
#define NOISE 2.0f      /* detail of the photo below this is grain */
#define OWN_DETAIL 0.2f /* of the painting's own edges, which the photo's strengthen */
#define DETAIL_SOFT 90.0f
#define GAIN_LEAST 0.67f
#define GAIN_MOST 1.5f
#define DARK_LEAST 8.0f /* brightness of a cell below which there is no colour to speak of */

typedef enum grid_plane { GRID_RED, GRID_GREEN, GRID_BLUE, GRID_LUMA, GRID_PLANES } grid_plane;

struct p2a_adjust {
    p2a_context *ctx;
    const p2a_image *photo;
    p2a_image *painted;
    size_t width, height;
    float soften, bring_back; /* parts of the detail taken away, and of the photo's added */
    float to_photo;           /* part of the way to the photo's colours */
    bool edges, colours;

    /* Colours: photo - painted without brightness, and the painting's brightness, by cells. */
    size_t cell_px, columns, rows;
    float *grid;         /* GRID_PLANES planes [rows, columns] */
    uint32_t *column_of; /* [width]: the left one of two cells */
    float *column_part;  /* [width]: weight of the right one */
    float gain, mean_painted, mean_photo;

    /* Edges: brightness of rows top - radius to top + BAND_ROWS + radius, borders repeated. */
    size_t radius;
    float *luma[2];  /* painted, photo: [BAND_ROWS + 2 radius, width] */
    float *sums[2];  /* [BAND_ROWS, width + 2 radius] */
    float *lines;    /* [BAND_ROWS, width, 3]: the band's pixels */
    size_t luma_end; /* rows of the picture whose brightness has been read */
    size_t top;      /* the next row to change */
};

static float luma_of(const uint8_t *p)
{
    const float rgb[3] = {(float)p[0], (float)p[1], (float)p[2]};
    return p2a_luma(rgb);
}

/* ---- The coarse grid of colours ---- */

typedef struct grid_job {
    p2a_adjust *a;
    double *row_sums; /* [rows][4]: brightness and its square, painted and photo */
} grid_job;

static void fill_cell(p2a_adjust *a, size_t row, size_t column, double sums[4])
{
    const size_t y1 = (row + 1) * a->cell_px < a->height ? (row + 1) * a->cell_px : a->height;
    const size_t x1 = (column + 1) * a->cell_px < a->width ? (column + 1) * a->cell_px : a->width;
    const size_t cells = a->rows * a->columns, cell = row * a->columns + column;
    float apart[3] = {0}, brightness = 0.0f, count = 0.0f;
    for (size_t y = row * a->cell_px; y < y1; y++) {
        for (size_t x = column * a->cell_px; x < x1; x++) {
            const uint8_t *s =
                a->painted->pixels + y * a->painted->stride_bytes + x * a->painted->channels;
            const uint8_t *p =
                a->photo->pixels + y * a->photo->stride_bytes + x * a->photo->channels;
            float luma_s = luma_of(s), luma_p = luma_of(p);
            for (int c = 0; c < 3; c++)
                apart[c] += (float)(p[c] - s[c]) - (luma_p - luma_s);
            brightness += luma_s;
            count += 1.0f;
            sums[0] += (double)luma_s;
            sums[1] += (double)luma_s * (double)luma_s;
            sums[2] += (double)luma_p;
            sums[3] += (double)luma_p * (double)luma_p;
        }
    }
    for (size_t c = 0; c < 3; c++)
        a->grid[c * cells + cell] = apart[c] / count;
    a->grid[GRID_LUMA * cells + cell] = brightness / count;
}

static void fill_grid_rows(void *user, size_t first, size_t count)
{
    const grid_job *job = user;
    for (size_t row = first; row < first + count; row++)
        for (size_t column = 0; column < job->a->columns; column++)
            fill_cell(job->a, row, column, job->row_sums + 4 * row);
}

static p2a_status measure_colours(p2a_adjust *a)
{
    double *row_sums = p2a_alloc_zeroed(a->ctx, a->rows, 4 * sizeof *row_sums);
    if (row_sums == NULL)
        return p2a_fail_memory(a->ctx, a->rows * 4 * sizeof *row_sums, "colours");
    grid_job job = {a, row_sums};
    p2a_pool_run(a->ctx, fill_grid_rows, &job, a->rows, 1);
    /* In the rows' order, so that the sums do not depend on the threads. */
    double sums[4] = {0}, pixels = (double)a->width * (double)a->height;
    for (size_t i = 0; i < 4 * a->rows; i++)
        sums[i % 4] += row_sums[i];
    p2a_free(a->ctx, row_sums);
    a->mean_painted = (float)(sums[0] / pixels);
    a->mean_photo = (float)(sums[2] / pixels);
    double spread_painted = sqrt(fmax(sums[1] / pixels - pow(sums[0] / pixels, 2), 1));
    double spread_photo = sqrt(fmax(sums[3] / pixels - pow(sums[2] / pixels, 2), 1));
    a->gain = fminf(fmaxf((float)(spread_photo / spread_painted), GAIN_LEAST), GAIN_MOST);
    return P2A_OK;
}

static p2a_status create_colours(p2a_adjust *a)
{
    const size_t longest = a->width > a->height ? a->width : a->height;
    a->cell_px = (longest + GRID_MOST - 1) / GRID_MOST;
    a->columns = (a->width + a->cell_px - 1) / a->cell_px;
    a->rows = (a->height + a->cell_px - 1) / a->cell_px;
    const size_t bytes = a->rows * a->columns * GRID_PLANES * sizeof(float);
    a->grid = p2a_alloc(a->ctx, bytes);
    a->column_of = p2a_alloc(a->ctx, a->width * sizeof *a->column_of);
    a->column_part = p2a_alloc(a->ctx, a->width * sizeof *a->column_part);
    if (a->grid == NULL || a->column_of == NULL || a->column_part == NULL)
        return p2a_fail_memory(a->ctx, bytes, "colours");
    for (size_t x = 0; x < a->width; x++) {
        float at = ((float)x + 0.5f) / (float)a->cell_px - 0.5f;
        at = fminf(fmaxf(at, 0.0f), (float)(a->columns - 1));
        a->column_of[x] = (uint32_t)at;
        a->column_part[x] = at - (float)a->column_of[x];
    }
    return measure_colours(a);
}

/* Move one row's colours towards the photo's; `line` has the row in floats, 3 a pixel. */
static void shift_colours(const p2a_adjust *a, size_t y, const float *luma, float *line)
{
    const size_t cells = a->rows * a->columns;
    float at = ((float)y + 0.5f) / (float)a->cell_px - 0.5f;
    at = fminf(fmaxf(at, 0.0f), (float)(a->rows - 1));
    const size_t ya = (size_t)at, yb = ya + 1 < a->rows ? ya + 1 : ya;
    const float fy = at - (float)ya;
    for (size_t x = 0; x < a->width; x++) {
        const size_t xa = a->column_of[x], xb = xa + 1 < a->columns ? xa + 1 : xa;
        float v[GRID_PLANES];
        for (size_t k = 0; k < GRID_PLANES; k++) {
            const float *above = a->grid + k * cells + ya * a->columns;
            const float *below = a->grid + k * cells + yb * a->columns;
            float u = above[xa] + a->column_part[x] * (above[xb] - above[xa]);
            float w = below[xa] + a->column_part[x] * (below[xb] - below[xa]);
            v[k] = u + fy * (w - u);
        }
        /* A dark line takes on as little colour as it has light. */
        float lit = fminf(luma[x] / fmaxf(v[GRID_LUMA], DARK_LEAST), 1.0f);
        float brighter = a->mean_photo + a->gain * (luma[x] - a->mean_painted) - luma[x];
        for (size_t c = 0; c < 3; c++)
            line[3 * x + c] += a->to_photo * (lit * v[c] + brighter);
    }
}

/* ---- Fine detail ---- */

static size_t detail_radius(size_t width, size_t height)
{
    const size_t longest = width > height ? width : height;
    const size_t radius = (longest + DETAIL_PART / 2) / DETAIL_PART;
    return radius < 1 ? 1 : radius > RADIUS_MOST ? RADIUS_MOST : radius;
}

static p2a_status create_bands(p2a_adjust *a)
{
    const size_t rows = BAND_ROWS + 2 * a->radius;
    const size_t luma = rows * a->width, sums = BAND_ROWS * (a->width + 2 * a->radius);
    const size_t lines = BAND_ROWS * a->width * 3;
    const size_t bytes = (2 * luma + 2 * sums + lines) * sizeof(float);
    a->luma[0] = p2a_alloc(a->ctx, bytes);
    if (a->luma[0] == NULL)
        return p2a_fail_memory(a->ctx, bytes, "rows to adjust");
    a->luma[1] = a->luma[0] + luma;
    a->sums[0] = a->luma[1] + luma;
    a->sums[1] = a->sums[0] + sums;
    a->lines = a->sums[1] + sums;
    return P2A_OK;
}

/* Rows of brightness that the current band needs and that have not been read before. */
static void read_luma_rows(void *user, size_t first, size_t count)
{
    const p2a_adjust *a = user;
    const p2a_image *images[2] = {a->painted, a->photo};
    for (size_t y = first; y < first + count; y++) {
        for (int k = 0; k < 2; k++) {
            const uint8_t *p = images[k]->pixels + (a->luma_end + y) * images[k]->stride_bytes;
            float *out = a->luma[k] + (a->luma_end + y + a->radius - a->top) * a->width;
            for (size_t x = 0; x < a->width; x++, p += images[k]->channels)
                out[x] = luma_of(p);
        }
    }
}

/* The row of the band's brightness that stands for picture row top + y - radius, clamped. */
static const float *luma_row(const p2a_adjust *a, int k, size_t y)
{
    size_t at = a->top + y;
    at = at < a->radius ? a->radius : at;
    at = at >= a->height + a->radius ? a->height + a->radius - 1 : at;
    return a->luma[k] + (at - a->top) * a->width;
}

/* Brightness less its tent-shaped mean, of row y of the band; written over the row's sums. */
static float *detail_row(const p2a_adjust *a, int k, size_t y)
{
    const size_t r = a->radius, padded = a->width + 2 * r;
    float *sums = a->sums[k] + y * padded, *inner = sums + r;
    memset(sums, 0, padded * sizeof *sums);
    for (size_t j = 0; j <= 2 * r; j++) {
        const float weight = (float)(j <= r ? j + 1 : 2 * r + 1 - j);
        const float *row = luma_row(a, k, y + j);
        for (size_t x = 0; x < a->width; x++)
            inner[x] += weight * row[x];
    }
    for (size_t x = 0; x < r; x++) {
        sums[x] = inner[0];
        inner[a->width + x] = inner[a->width - 1];
    }
    /* In place: the value at x reads sums at x to x + 2 r only. */
    const float *row = luma_row(a, k, y + r);
    const float whole = (float)((r + 1) * (r + 1) * (r + 1) * (r + 1));
    for (size_t x = 0; x < a->width; x++) {
        float mean = 0.0f;
        for (size_t j = 0; j <= 2 * r; j++)
            mean += (float)(j <= r ? j + 1 : 2 * r + 1 - j) * sums[x + j];
        sums[x] = row[x] - mean / whole;
    }
    return sums;
}

static void shift_edges(const p2a_adjust *a, size_t y, float *line)
{
    const float *own = detail_row(a, 0, y);
    const float *photo = a->bring_back > 0.0f ? detail_row(a, 1, y) : NULL;
    for (size_t x = 0; x < a->width; x++) {
        float add = -a->soften * own[x];
        if (photo != NULL) {
            float wanted = photo[x] - fminf(fmaxf(photo[x], -NOISE), NOISE);
            wanted += OWN_DETAIL * own[x];
            add = a->bring_back * wanted / (1.0f + fabsf(wanted) / DETAIL_SOFT);
        }
        for (size_t c = 0; c < 3; c++)
            line[3 * x + c] += add;
    }
}

/* ---- Bands ---- */

static void change_rows(void *user, size_t first, size_t count)
{
    const p2a_adjust *a = user;
    const size_t channels = a->painted->channels;
    for (size_t y = first; y < first + count; y++) {
        uint8_t *p = a->painted->pixels + (a->top + y) * a->painted->stride_bytes;
        float *line = a->lines + y * 3 * a->width;
        for (size_t x = 0; x < a->width; x++)
            for (size_t c = 0; c < 3; c++)
                line[3 * x + c] = (float)p[x * channels + c];
        if (a->edges)
            shift_edges(a, y, line);
        if (a->colours)
            shift_colours(a, a->top + y, luma_row(a, 0, y + a->radius), line);
        for (size_t x = 0; x < a->width; x++)
            for (size_t c = 0; c < 3; c++)
                p[x * channels + c] = (uint8_t)(fminf(fmaxf(line[3 * x + c], 0.0f), 255.0f) + 0.5f);
    }
}

void p2a_adjust_step(p2a_adjust *a, double *out_done)
{
    if (a->top >= a->height) {
        *out_done = 1;
        return;
    }
    const size_t rows = a->height - a->top < BAND_ROWS ? a->height - a->top : BAND_ROWS;
    size_t need = a->top + rows + a->radius;
    need = need < a->height ? need : a->height;
    p2a_pool_run(a->ctx, read_luma_rows, a, need - a->luma_end, ROWS_A_PIECE);
    a->luma_end = need;
    p2a_pool_run(a->ctx, change_rows, a, rows, ROWS_A_PIECE);
    /* The next band begins with the last 2 radius rows of this one, as they were before it. */
    for (int k = 0; k < 2; k++)
        memmove(a->luma[k], a->luma[k] + rows * a->width, 2 * a->radius * a->width * sizeof(float));
    a->top += rows;
    *out_done = (double)a->top / (double)a->height;
}

/* ---- The whole ---- */

static p2a_status check_arguments(p2a_context *ctx, const p2a_image *photo,
                                  const p2a_image *painted, float edge_preserve, float color_shift)
{
    if (photo == NULL || painted == NULL)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a photo and a painting, got NULL");
    if (photo->width_px != painted->width_px || photo->height_px != painted->height_px)
        return p2a_fail(ctx, P2A_ERR_ARGUMENT, "expected a photo of %ux%u px, got %ux%u",
                        (unsigned)painted->width_px, (unsigned)painted->height_px,
                        (unsigned)photo->width_px, (unsigned)photo->height_px);
    if (!(edge_preserve >= P2A_EDGE_PRESERVE_MIN && edge_preserve <= P2A_EDGE_PRESERVE_MAX))
        return p2a_fail(
            ctx, P2A_ERR_ARGUMENT, "expected a number from %g to %g for edge_preserve, got %g",
            (double)P2A_EDGE_PRESERVE_MIN, (double)P2A_EDGE_PRESERVE_MAX, (double)edge_preserve);
    if (!(color_shift >= 0.0f && color_shift <= 1.0f))
        return p2a_fail(ctx, P2A_ERR_ARGUMENT,
                        "expected a number from 0 to 1 for color_shift, got %g",
                        (double)color_shift);
    return P2A_OK;
}

p2a_status p2a_adjust_create(p2a_context *ctx, const p2a_image *photo, p2a_image *painted,
                             float edge_preserve, float color_shift, p2a_adjust **out)
{
    *out = NULL;
    p2a_status status = check_arguments(ctx, photo, painted, edge_preserve, color_shift);
    if (status != P2A_OK)
        return status;
    p2a_adjust *a = p2a_alloc_zeroed(ctx, 1, sizeof *a);
    if (a == NULL)
        return p2a_fail_memory(ctx, sizeof *a, "adjustment");
    a->ctx = ctx;
    a->photo = photo;
    a->painted = painted;
    a->width = painted->width_px;
    a->height = painted->height_px;
    a->edges = edge_preserve != 1.0f;
    a->colours = color_shift != 1.0f;
    a->soften = SOFTEN * fmaxf(1.0f - edge_preserve, 0.0f) / (1.0f - P2A_EDGE_PRESERVE_MIN);
    a->bring_back = fmaxf(edge_preserve - 1.0f, 0.0f) / (P2A_EDGE_PRESERVE_MAX - 1.0f);
    a->to_photo = 1.0f - color_shift;
    if (!a->edges && !a->colours)
        a->top = a->height;
    if (a->edges)
        a->radius = detail_radius(a->width, a->height);
    if (a->colours)
        status = create_colours(a);
    if (status == P2A_OK && a->top < a->height)
        status = create_bands(a);
    if (status != P2A_OK) {
        p2a_adjust_destroy(a);
        return status;
    }
    *out = a;
    return P2A_OK;
}

void p2a_adjust_destroy(p2a_adjust *adjust)
{
    if (adjust == NULL)
        return;
    p2a_context *ctx = adjust->ctx;
    p2a_free(ctx, adjust->grid);
    p2a_free(ctx, adjust->column_of);
    p2a_free(ctx, adjust->column_part);
    p2a_free(ctx, adjust->luma[0]);
    p2a_free(ctx, adjust);
}
