/* tone.c - mean and covariance of colours, and the bounded optimal map between two of them */
#include "face/tone.h"

#include <math.h>
#include <string.h>

#define JACOBI_ROUNDS 30
/* Variance of rounding to bytes, about: keeps one-coloured skin from being divided by zero. */
#define VARIANCE_MIN 0.05

void p2a_tone_measure(const float *const planes[3], const float *mask, size_t count, p2a_tone *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count; i++) {
        double w = mask != NULL ? (double)mask[i] : 1.0;
        if (!(w > 0))
            continue;
        out->weight += w;
        for (int c = 0; c < 3; c++)
            out->mean[c] += w * (double)planes[c][i];
    }
    if (!(out->weight > 0))
        return;
    for (int c = 0; c < 3; c++)
        out->mean[c] /= out->weight;
    double sums[3][3] = {{0}};
    for (size_t i = 0; i < count; i++) {
        double w = mask != NULL ? (double)mask[i] : 1.0;
        if (!(w > 0))
            continue;
        double d[3];
        for (int c = 0; c < 3; c++)
            d[c] = (double)planes[c][i] - out->mean[c];
        for (int r = 0; r < 3; r++)
            for (int c = r; c < 3; c++)
                sums[r][c] += w * d[r] * d[c];
    }
    for (int r = 0; r < 3; r++)
        for (int c = r; c < 3; c++)
            out->covariance[r][c] = out->covariance[c][r] = sums[r][c] / out->weight;
}

void p2a_tone_eigen(const double matrix[3][3], double values[3], double vectors[3][3])
{
    double m[3][3];
    memcpy(m, matrix, sizeof m);
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            vectors[r][c] = r == c;
    for (int round = 0; round < JACOBI_ROUNDS; round++) {
        for (int p = 0; p < 2; p++) {
            for (int q = p + 1; q < 3; q++) {
                if (fabs(m[p][q]) < 1e-300)
                    continue;
                double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
                double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
                double c = 1 / sqrt(t * t + 1), s = t * c;
                for (int k = 0; k < 3; k++) {
                    double a = m[k][p], b = m[k][q];
                    m[k][p] = c * a - s * b;
                    m[k][q] = s * a + c * b;
                }
                for (int k = 0; k < 3; k++) {
                    double a = m[p][k], b = m[q][k];
                    m[p][k] = c * a - s * b;
                    m[q][k] = s * a + c * b;
                    a = vectors[k][p];
                    b = vectors[k][q];
                    vectors[k][p] = c * a - s * b;
                    vectors[k][q] = s * a + c * b;
                }
            }
        }
    }
    for (int k = 0; k < 3; k++)
        values[k] = m[k][k];
}

/* vectors diag(values) vectors^T */
static void compose(const double values[3], const double vectors[3][3], double out[3][3])
{
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++) {
            out[r][c] = 0;
            for (int k = 0; k < 3; k++)
                out[r][c] += vectors[r][k] * values[k] * vectors[c][k];
        }
}

static void multiply(const double a[3][3], const double b[3][3], double out[3][3])
{
    double product[3][3] = {{0}};
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            for (int k = 0; k < 3; k++)
                product[r][c] += a[r][k] * b[k][c];
    memcpy(out, product, sizeof product);
}

/* The symmetric root of a matrix and the root's inverse; eigenvalues count as at least `least`. */
static void roots(const double matrix[3][3], double least, double root[3][3], double inverse[3][3])
{
    double values[3], vectors[3][3], up[3], down[3];
    p2a_tone_eigen(matrix, values, vectors);
    for (int k = 0; k < 3; k++) {
        up[k] = sqrt(fmax(values[k], least));
        down[k] = 1 / up[k];
    }
    compose(up, (const double(*)[3])vectors, root);
    compose(down, (const double(*)[3])vectors, inverse);
}

void p2a_tone_match(const p2a_tone *from, const p2a_tone *to, const p2a_tone_limits *limits,
                    p2a_tone_map *out)
{
    /* T = S^-1/2 (S^1/2 R S^1/2)^1/2 S^-1/2 for covariances S (from) and R (to) */
    double root[3][3], inverse[3][3], middle[3][3], unused[3][3];
    roots((const double(*)[3])from->covariance, VARIANCE_MIN, root, inverse);
    multiply((const double(*)[3])root, (const double(*)[3])to->covariance, middle);
    multiply((const double(*)[3])middle, (const double(*)[3])root, middle);
    roots((const double(*)[3])middle, VARIANCE_MIN * VARIANCE_MIN, middle, unused);
    multiply((const double(*)[3])inverse, (const double(*)[3])middle, middle);
    multiply((const double(*)[3])middle, (const double(*)[3])inverse, middle);

    double values[3], vectors[3][3];
    p2a_tone_eigen((const double(*)[3])middle, values, vectors);
    for (int k = 0; k < 3; k++)
        values[k] = fmin(fmax(values[k], 1 / limits->scale), limits->scale);
    compose(values, (const double(*)[3])vectors, out->matrix);

    double move[3];
    for (int c = 0; c < 3; c++)
        move[c] = to->mean[c] - from->mean[c];
    move[0] = fmin(fmax(move[0], -limits->lightness), limits->lightness);
    double chroma = hypot(move[1], move[2]);
    double part = chroma > limits->chroma ? limits->chroma / chroma : 1;
    for (int c = 0; c < 3; c++) {
        out->mean_from[c] = from->mean[c];
        out->mean_to[c] = from->mean[c] + (c == 0 ? move[0] : part * move[c]);
    }
}
