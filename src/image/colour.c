/* colour.c - sRGB <-> linear light <-> CIE Lab; two Lab colours -> their visible difference */
#include "image/colour.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define PI 3.14159265358979323846

/* CIE 15: below this the cube root is continued by a line. */
#define LAB_EPSILON (216.0f / 24389.0f)
#define LAB_KAPPA (24389.0f / 27.0f)

/* Linear sRGB <-> XYZ, rows divided by the white point D65: white becomes (1, 1, 1). */
static const float white_xyz[3] = {0.950456f, 1.0f, 1.089058f};
static const float xyz_from_rgb[3][3] = {{0.4123908f, 0.3575843f, 0.1804808f},
                                         {0.2126390f, 0.7151687f, 0.0721923f},
                                         {0.0193308f, 0.1191948f, 0.9505322f}};
static const float rgb_from_xyz[3][3] = {{3.2409699f, -1.5373832f, -0.4986108f},
                                         {-0.9692436f, 1.8759675f, 0.0415551f},
                                         {0.0556301f, -0.2039770f, 1.0569715f}};

/*
 * The cube root of a normal number above 0, to float precision: a third of the exponent, and two of
 * Halley's steps (each triples the digits: 3 % -> 1e-5 -> 1e-15). Several times as fast as cbrtf()
 * and powf(), and colours are converted for every pixel of a face.
 */
static float cube_root(float x)
{
    uint32_t bits;
    float r;
    memcpy(&bits, &x, sizeof bits);
    bits = bits / 3 + 709921077u; /* 2/3 of the exponent's bias, and what is best for the digits */
    memcpy(&r, &bits, sizeof r);
    for (int i = 0; i < 2; i++) {
        const float cube = r * r * r;
        r *= (cube + 2 * x) / (2 * cube + x);
    }
    return r;
}

float p2a_linear_from_srgb(float srgb)
{
    return srgb <= 0.04045f ? srgb / 12.92f : powf((srgb + 0.055f) / 1.055f, 2.4f);
}

float p2a_srgb_from_linear(float linear)
{
    if (linear <= 0.0031308f)
        return 12.92f * linear;
    const float root = cube_root(linear);
    return 1.055f * root * sqrtf(sqrtf(root)) - 0.055f; /* 1 / 2.4 = 1/3 + 1/12 */
}

void p2a_linear_from_bytes(float table[256])
{
    for (int i = 0; i < 256; i++)
        table[i] = p2a_linear_from_srgb((float)i / 255);
}

static void multiply(const float matrix[3][3], const float in[3], float out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = matrix[i][0] * in[0] + matrix[i][1] * in[1] + matrix[i][2] * in[2];
}

void p2a_lab_from_linear(const float rgb[3], float lab[3])
{
    float xyz[3], f[3];
    multiply(xyz_from_rgb, rgb, xyz);
    for (int i = 0; i < 3; i++) {
        const float t = xyz[i] / white_xyz[i];
        f[i] = t > LAB_EPSILON ? cube_root(t) : (LAB_KAPPA * t + 16) / 116;
    }
    lab[0] = 116 * f[1] - 16;
    lab[1] = 500 * (f[0] - f[1]);
    lab[2] = 200 * (f[1] - f[2]);
}

void p2a_linear_from_lab(const float lab[3], float rgb[3])
{
    const float fy = (lab[0] + 16) / 116;
    const float f[3] = {fy + lab[1] / 500, fy, fy - lab[2] / 200};
    float xyz[3];
    for (int i = 0; i < 3; i++) {
        const float cube = f[i] * f[i] * f[i];
        xyz[i] = white_xyz[i] * (cube > LAB_EPSILON ? cube : (116 * f[i] - 16) / LAB_KAPPA);
    }
    multiply(rgb_from_xyz, xyz, rgb);
}

float p2a_luma(const float srgb[3])
{
    return 0.2126f * srgb[0] + 0.7152f * srgb[1] + 0.0722f * srgb[2];
}

static double radians(double degrees)
{
    return degrees * (PI / 180);
}

static double hue_degrees(double a, double b)
{
    if (a == 0 && b == 0)
        return 0;
    const double hue = atan2(b, a) * (180 / PI);
    return hue < 0 ? hue + 360 : hue;
}

/* Sharma, Wu, Dalal 2005, "The CIEDE2000 color-difference formula"; equation numbers are theirs. */
float p2a_colour_difference(const float lab_a[3], const float lab_b[3])
{
    const double chroma_mean = (hypot(lab_a[1], lab_a[2]) + hypot(lab_b[1], lab_b[2])) / 2; /* 3 */
    const double mean_7 = pow(chroma_mean, 7), c25_7 = 6103515625.0;
    const double g = 0.5 * (1 - sqrt(mean_7 / (mean_7 + c25_7))); /* 4 */
    const double a1 = (1 + g) * lab_a[1], a2 = (1 + g) * lab_b[1];
    const double c1 = hypot(a1, lab_a[2]), c2 = hypot(a2, lab_b[2]);
    const double h1 = hue_degrees(a1, lab_a[2]), h2 = hue_degrees(a2, lab_b[2]);

    const double dl = (double)lab_b[0] - lab_a[0], dc = c2 - c1; /* 8, 9 */
    double dh = c1 * c2 == 0 ? 0 : h2 - h1;                      /* 10 */
    if (dh > 180)
        dh -= 360;
    else if (dh < -180)
        dh += 360;
    const double dh_chord = 2 * sqrt(c1 * c2) * sin(radians(dh) / 2); /* 11 */

    const double l = ((double)lab_a[0] + lab_b[0]) / 2, c = (c1 + c2) / 2; /* 12, 13 */
    double h = h1 + h2;                                                    /* 14 */
    if (c1 * c2 != 0) {
        if (fabs(h1 - h2) > 180)
            h += h < 360 ? 360 : -360;
        h /= 2;
    }
    const double t = 1 - 0.17 * cos(radians(h - 30)) + 0.24 * cos(radians(2 * h)) +
                     0.32 * cos(radians(3 * h + 6)) - 0.20 * cos(radians(4 * h - 63)); /* 15 */
    const double turn = 30 * exp(-((h - 275) / 25) * ((h - 275) / 25));                /* 16 */
    const double c_7 = pow(c, 7), l50 = (l - 50) * (l - 50);
    const double rc = 2 * sqrt(c_7 / (c_7 + c25_7));         /* 17 */
    const double sl = 1 + 0.015 * l50 / sqrt(20 + l50);      /* 18 */
    const double sc = 1 + 0.045 * c, sh = 1 + 0.015 * c * t; /* 19, 20 */
    const double rt = -sin(radians(2 * turn)) * rc;          /* 21 */
    const double x = dl / sl, y = dc / sc, z = dh_chord / sh;
    return (float)sqrt(x * x + y * y + z * z + rt * y * z); /* 22 */
}
