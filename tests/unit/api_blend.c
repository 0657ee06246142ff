/* api_blend.c - a model between two others: its weights, its terms, what is refused */
#include <math.h>
#include <stdbool.h>

#include "check.h"
#include "model_file.h"
#include "nn/model.h"

static p2a_context *ctx;

static p2a_model *load(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/models/weights/%s.safetensors", P2A_ROOT, name);
    size_t bytes = 0;
    uint8_t *file = read_whole_file(path, &bytes);
    p2a_model *model = NULL;
    CHECK(file != NULL);
    CHECK_EQUAL(p2a_model_load(ctx, file, bytes, &model), P2A_OK);
    free(file);
    return model;
}

static double largest_difference(const p2a_model *a, const p2a_model *b, const p2a_model *made,
                                 double share)
{
    double worst = 0;
    for (uint32_t w = 0; w < made->graph.weight_count; w++)
        for (size_t i = 0; i < made->graph.weights[w].count; i++) {
            const double expected = (1 - share) * (double)a->graph.weights[w].values[i] +
                                    share * (double)b->graph.weights[w].values[i];
            worst = fmax(worst, fabs(expected - (double)made->graph.weights[w].values[i]));
        }
    return worst;
}

static void test_weights_lie_between(const p2a_model *a, const p2a_model *b)
{
    const p2a_model *models[2] = {a, b};
    for (int step = 0; step <= 4; step++) {
        const float share = 0.25f * (float)step;
        const float shares[2] = {1.0f - share, share};
        p2a_model *made = NULL;
        CHECK_EQUAL(p2a_model_blend(ctx, models, shares, 2, &made), P2A_OK);
        CHECK_NEAR(largest_difference(a, b, made, (double)share), 0, 1e-6);
        p2a_model_destroy(made);
    }
}

static void test_terms_add_up(const p2a_model *clean, const p2a_model *bound)
{
    const p2a_model *models[2] = {clean, bound};
    const float half[2] = {0.5f, 0.5f}, alone[2] = {1.0f, 0.0f};
    p2a_model *made = NULL;
    CHECK_EQUAL(p2a_model_blend(ctx, models, half, 2, &made), P2A_OK);
    CHECK(strcmp(p2a_model_metadata(made, "commercial_use"), "no") == 0);
    CHECK(strcmp(p2a_model_metadata(made, "name"), "anime=0.5,miyazaki=0.5") == 0);
    CHECK(strstr(p2a_model_metadata(made, "license"), p2a_model_metadata(bound, "license")) !=
          NULL);
    p2a_model_destroy(made);
    CHECK_EQUAL(p2a_model_blend(ctx, models, alone, 2, &made), P2A_OK);
    CHECK(strcmp(p2a_model_metadata(made, "commercial_use"), "yes") == 0);
    p2a_model_destroy(made);
}

static void test_wrong_arguments(const p2a_model *a, const p2a_model *b, const p2a_model *other)
{
    const p2a_model *models[2] = {a, b}, *differing[2] = {a, other}, *missing[2] = {a, NULL};
    const float half[2] = {0.5f, 0.5f}, much[2] = {0.5f, 0.6f}, below[2] = {1.5f, -0.5f};
    const float nan[2] = {NAN, 0.5f};
    p2a_model *made = NULL;
    CHECK_EQUAL(p2a_model_blend(ctx, models, much, 2, &made), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_blend(ctx, models, below, 2, &made), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_blend(ctx, models, nan, 2, &made), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_blend(ctx, models, half, 0, &made), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_blend(ctx, models, half, 17, &made), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_blend(ctx, missing, half, 2, &made), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_blend(ctx, NULL, half, 2, &made), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_blend(ctx, models, NULL, 2, &made), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_blend(ctx, models, half, 2, NULL), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_blend(NULL, models, half, 2, &made), P2A_ERR_ARGUMENT);
    CHECK_EQUAL(p2a_model_blend(ctx, differing, half, 2, &made), P2A_ERR_MODEL);
    CHECK(strstr(p2a_context_message(ctx), "graph") != NULL);
    CHECK(made == NULL);
}

int main(void)
{
    CHECK_EQUAL(p2a_context_create(NULL, NULL, &ctx), P2A_OK);
    p2a_model *anime = load("anime"), *miyazaki = load("miyazaki"), *parser = load("parser");
    if (anime && miyazaki && parser) {
        test_weights_lie_between(anime, miyazaki);
        test_terms_add_up(anime, miyazaki);
        test_wrong_arguments(anime, miyazaki, parser);
    }
    p2a_model_destroy(parser);
    p2a_model_destroy(miyazaki);
    p2a_model_destroy(anime);
    CHECK_EQUAL(p2a_context_bytes(ctx), 0);
    p2a_context_destroy(ctx);
    return CHECK_REPORT();
}
