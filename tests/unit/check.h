/* check.h - the few macros that unit tests share: a failed check is counted, printed and goes on */
#ifndef P2A_TESTS_CHECK_H
#define P2A_TESTS_CHECK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_count, check_failures;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        check_count++;                                                                             \
        if (!(condition)) {                                                                        \
            check_failures++;                                                                      \
            printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                         \
        }                                                                                          \
    } while (0)

#define CHECK_EQUAL(a, b)                                                                          \
    do {                                                                                           \
        long long check_a = (long long)(a), check_b = (long long)(b);                              \
        check_count++;                                                                             \
        if (check_a != check_b) {                                                                  \
            check_failures++;                                                                      \
            printf("%s:%d: failed: %s is %lld, expected %lld\n", __FILE__, __LINE__, #a, check_a,  \
                   check_b);                                                                       \
        }                                                                                          \
    } while (0)

#define CHECK_NEAR(a, b, tolerance)                                                                \
    do {                                                                                           \
        double check_a = (double)(a), check_b = (double)(b);                                       \
        check_count++;                                                                             \
        if (!(fabs(check_a - check_b) <= (double)(tolerance))) {                                   \
            check_failures++;                                                                      \
            printf("%s:%d: failed: %s is %.9g, expected %.9g within %g\n", __FILE__, __LINE__, #a, \
                   check_a, check_b, (double)(tolerance));                                         \
        }                                                                                          \
    } while (0)

/* Last line of every main: a program that checked nothing fails. */
#define CHECK_REPORT()                                                                             \
    (printf("%d checks, %d failed\n", check_count, check_failures),                                \
     check_failures != 0 || check_count == 0)

#endif
