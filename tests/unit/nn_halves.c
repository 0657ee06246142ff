/* nn_halves.c - floats to halves and back: every half, and floats over all sizes */
#include <math.h>

#include "check.h"
#include "nn/halves.h"

static uint16_t stored(float value)
{
    uint16_t halves[P2A_HALF_LANES];
    const p2a_lanes_pair floats = {p2a_lanes_splat(1.0f),
                                   (p2a_lanes){0.0f, value, -1.0f, 131008.0f}};
    p2a_halves_store(halves, floats);
    CHECK_EQUAL(halves[0], 0x3c00);
    CHECK_EQUAL(halves[4], 0);
    CHECK_EQUAL(halves[6], 0xbc00);
    CHECK_EQUAL(halves[7], 0x7fff);
    return halves[5];
}

static float loaded(uint16_t half)
{
    const uint16_t halves[P2A_HALF_LANES] = {0x3c00, 0, 0xbc00, 0x7fff, 0x4000, half, 0x8000, 0};
    const p2a_lanes_pair floats = p2a_halves_load(halves);
    CHECK(floats.low[0] == 1.0f && floats.low[1] == 0.0f && floats.low[2] == -1.0f);
    CHECK(floats.low[3] == 131008.0f && floats.high[0] == 2.0f && floats.high[2] == 0.0f);
    return floats.high[1];
}

static void test_every_half_comes_back(void)
{
    for (uint32_t half = 0; half < 65536; half++) {
        const float value = p2a_float_of_half((uint16_t)half);
        CHECK_EQUAL(p2a_half(value), half);
        CHECK(loaded((uint16_t)half) == value);
        CHECK_EQUAL(stored(value), half);
    }
}

static void test_floats_are_rounded_to_the_nearest(void)
{
    for (double size = 1e-6; size < 130000; size *= 1.0007)
        for (int sign = -1; sign <= 1; sign += 2) {
            const float value = (float)(sign * size);
            const double back = (double)p2a_float_of_half(p2a_half(value));
            CHECK(fabs(back - (double)value) <=
                  fmax(size / 2048, size < 0x1p-14 ? 0x1.004p-15 : 0));
            CHECK_EQUAL(stored(value), p2a_half(value));
        }
    CHECK_EQUAL(p2a_half(0.0f), 0);
    CHECK_EQUAL(p2a_half(1e30f), 0x7fff); /* the largest there is */
    CHECK_EQUAL(p2a_half(-INFINITY), 0xffff);
}

int main(void)
{
    test_every_half_comes_back();
    test_floats_are_rounded_to_the_nearest();
    return CHECK_REPORT();
}
