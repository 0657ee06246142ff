/* image_colour.c - colour conversions give the published values, and undo each other */
#include "check.h"
#include "image/colour.h"

static void bytes_come_back(void)
{
    float table[256];
    p2a_linear_from_bytes(table);
    CHECK_NEAR(table[0], 0, 0);
    CHECK_NEAR(table[255], 1, 1e-6);
    CHECK_NEAR(table[188], 0.5028865, 1e-6);
    CHECK_NEAR(table[10], 10 / 255.0 / 12.92, 1e-7);
    for (int i = 0; i < 256; i++) {
        CHECK_NEAR(p2a_srgb_from_linear(table[i]) * 255, i, 1e-3);
        CHECK(i == 0 || table[i] > table[i - 1]);
    }
    const float white[3] = {1, 1, 1}, green[3] = {0, 1, 0};
    CHECK_NEAR(p2a_luma(white), 1, 1e-6);
    CHECK_NEAR(p2a_luma(green), 0.7152, 1e-6);
}

static void known_colours_have_known_lab(void)
{
    static const float cases[][6] = {
        {1, 1, 1, 100, 0, 0},
        {0, 0, 0, 0, 0, 0},
        {1, 0, 0, 53.24f, 80.09f, 67.20f},
        {0, 1, 0, 87.73f, -86.18f, 83.18f},
        {0, 0, 1, 32.30f, 79.19f, -107.86f},
        {0.2140411f, 0.2140411f, 0.2140411f, 53.39f, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        float lab[3];
        p2a_lab_from_linear(cases[i], lab);
        for (int c = 0; c < 3; c++)
            CHECK_NEAR(lab[c], cases[i][3 + c], 0.03);
    }
}

static void lab_comes_back(void)
{
    for (int i = 0; i < 9 * 9 * 9; i++) {
        const float rgb[3] = {(float)(i % 9) / 8, (float)(i / 9 % 9) / 8, (float)(i / 81) / 8};
        const float dark[3] = {rgb[0] * 0.01f, rgb[1] * 0.01f, rgb[2] * 0.01f};
        float lab[3], again[3];
        p2a_lab_from_linear(rgb, lab);
        p2a_linear_from_lab(lab, again);
        for (int c = 0; c < 3; c++)
            CHECK_NEAR(again[c], rgb[c], 2e-6);
        p2a_lab_from_linear(dark, lab);
        p2a_linear_from_lab(lab, again);
        for (int c = 0; c < 3; c++)
            CHECK_NEAR(again[c], dark[c], 2e-6);
    }
}

/* Pairs of the test data that Sharma, Wu and Dalal published with their paper. */
static void differences_are_the_published_ones(void)
{
    static const float pairs[][7] = {
        {50, 2.6772f, -79.7751f, 50, 0, -82.7485f, 2.0425f},
        {50, 3.1571f, -77.2803f, 50, 0, -82.7485f, 2.8615f},
        {50, 2.8361f, -74.0200f, 50, 0, -82.7485f, 3.4412f},
        {50, -1.3802f, -84.2814f, 50, 0, -82.7485f, 1.0000f},
        {50, 0, 0, 50, -1, 2, 2.3669f},
        {50, 2.4900f, -0.0010f, 50, -2.4900f, 0.0009f, 7.1792f},
        {50, 2.4900f, -0.0010f, 50, -2.4900f, 0.0011f, 7.2195f},
        {50, -0.0010f, 2.4900f, 50, 0.0009f, -2.4900f, 4.8045f},
        {50, 2.5f, 0, 73, 25, -18, 27.1492f},
        {50, 2.5f, 0, 61, -5, 29, 22.8977f},
        {50, 2.5f, 0, 56, -27, -3, 31.9030f},
        {50, 2.5f, 0, 58, 24, 15, 19.4535f},
        {60.2574f, -34.0099f, 36.2677f, 60.4626f, -34.1751f, 39.4387f, 1.2644f},
        {6.7747f, -0.2908f, -2.4247f, 5.8714f, -0.0985f, -2.2286f, 0.6377f},
        {2.0776f, 0.0795f, -1.1350f, 0.9033f, -0.0636f, -0.5514f, 0.9082f},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        CHECK_NEAR(p2a_colour_difference(pairs[i], pairs[i] + 3), pairs[i][6], 2e-4);
        CHECK_NEAR(p2a_colour_difference(pairs[i] + 3, pairs[i]), pairs[i][6], 2e-4);
        CHECK_NEAR(p2a_colour_difference(pairs[i], pairs[i]), 0, 0);
    }
}

int main(void)
{
    bytes_come_back();
    known_colours_have_known_lab();
    lab_comes_back();
    differences_are_the_published_ones();
    return CHECK_REPORT();
}
