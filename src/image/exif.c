/* exif.c - a TIFF block -> the orientation of the picture that it describes */
#include "image/exif.h"

#include <stdbool.h>
#include <string.h>

/* TIFF 6.0, section 2: the header, then the first image file directory, 12 bytes an entry. */
#define HEADER_BYTES 8
#define ENTRY_BYTES 12
#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT 3
#define TYPE_LONG 4 /* not what EXIF says, but some writers do it */

static uint32_t read_u16(const uint8_t *at, bool big_endian)
{
    return big_endian ? (uint32_t)at[0] << 8 | at[1] : (uint32_t)at[1] << 8 | at[0];
}

static uint32_t read_u32(const uint8_t *at, bool big_endian)
{
    return big_endian ? read_u16(at, true) << 16 | read_u16(at + 2, true)
                      : read_u16(at + 2, false) << 16 | read_u16(at, false);
}

uint32_t p2a_exif_orientation(const uint8_t *tiff, size_t tiff_bytes)
{
    if (tiff_bytes < HEADER_BYTES)
        return P2A_ORIENTATION_UPRIGHT;
    const bool big_endian = memcmp(tiff, "MM\0\x2a", 4) == 0;
    if (!big_endian && memcmp(tiff, "II\x2a\0", 4) != 0)
        return P2A_ORIENTATION_UPRIGHT;

    /* Only the first directory is read: a chain that loops is never followed. */
    const size_t directory = read_u32(tiff + 4, big_endian);
    if (directory > tiff_bytes - 2)
        return P2A_ORIENTATION_UPRIGHT;
    const size_t entry_count = read_u16(tiff + directory, big_endian);
    const size_t room = (tiff_bytes - directory - 2) / ENTRY_BYTES;
    for (size_t i = 0; i < entry_count && i < room; i++) {
        const uint8_t *entry = tiff + directory + 2 + i * ENTRY_BYTES;
        if (read_u16(entry, big_endian) != TAG_ORIENTATION)
            continue;
        const uint32_t type = read_u16(entry + 2, big_endian);
        uint32_t value = 0;
        if (type == TYPE_SHORT)
            value = read_u16(entry + 8, big_endian);
        else if (type == TYPE_LONG)
            value = read_u32(entry + 8, big_endian);
        return value >= 1 && value <= 8 ? value : P2A_ORIENTATION_UPRIGHT;
    }
    return P2A_ORIENTATION_UPRIGHT;
}
