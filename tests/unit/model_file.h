/* model_file.h - a file of the project, read whole */
#ifndef P2A_TESTS_MODEL_FILE_H
#define P2A_TESTS_MODEL_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The file's bytes (free them), or NULL. */
static inline uint8_t *read_whole_file(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    *bytes = 0;
    if (file == NULL)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0) {
        const long size = ftell(file);
        rewind(file);
        data = size > 0 ? malloc((size_t)size) : NULL;
        if (data && fread(data, 1, (size_t)size, file) == (size_t)size)
            *bytes = (size_t)size;
    }
    fclose(file);
    if (*bytes == 0) {
        free(data);
        data = NULL;
    }
    return data;
}

#endif
