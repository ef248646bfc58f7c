/* Bytes of a file; what cannot be read is left to Python, which says what is wrong. */

#ifndef READING_H
#define READING_H

#include <stddef.h>
#include <stdint.h>
#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#define HAS_PREAD
#endif

/* Read all bytes that are asked for; return whether they were there. */
static int is_read(int file, int64_t offset, int64_t bytes, uint8_t *into)
{
#ifdef HAS_PREAD
    while (bytes > 0) {
        ssize_t got = pread(file, into, (size_t)bytes, (off_t)offset);
        if (got <= 0) return 0;
        offset += got;
        bytes -= got;
        into += got;
    }
    return 1;
#else
    (void)file, (void)offset, (void)into;
    return bytes == 0;
#endif
}

#endif
