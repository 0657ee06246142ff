/* clock.h - milliseconds that only go forward */
#ifndef P2A_BASE_CLOCK_H
#define P2A_BASE_CLOCK_H

#include <time.h>

static inline double p2a_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

#endif
