/* replay.c - files and folders of files -> each one through a fuzz target, in builds without
 * libFuzzer */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

/* One file, in a block of exactly its size, so that a read behind its end is caught. */
static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (file == NULL || fstat(fileno(file), &info) != 0) {
        printf("expected a file at %s, found none\n", path);
        exit(2);
    }
    const size_t bytes = (size_t)info.st_size;
    uint8_t *data = malloc(bytes == 0 ? 1 : bytes);
    if (data == NULL || fread(data, 1, bytes, file) != bytes) {
        printf("expected %zu bytes in %s, got fewer\n", bytes, path);
        exit(2);
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, bytes);
    free(data);
}

/* Files run: 1, or those of a folder. A folder that is not there has none. */
static size_t run_path(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return 0;
    if (!S_ISDIR(info.st_mode)) {
        run_file(path);
        return 1;
    }
    DIR *folder = opendir(path);
    if (folder == NULL) {
        printf("expected a folder that can be read, got %s\n", path);
        exit(2);
    }
    size_t count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char name[1024];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        run_file(name);
        count++;
    }
    closedir(folder);
    return count;
}

int main(int count, char **words)
{
    size_t files = 0;
    for (int i = 1; i < count; i++)
        files += run_path(words[i]);
    printf("%zu inputs\n", files);
    return files == 0;
}
