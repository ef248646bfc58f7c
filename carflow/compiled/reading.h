/* Bytes of a file, and numbers whose bytes stand in the other order than this machine's. What
   cannot be read is left to Python, which says what is wrong. */

#ifndef READING_H
#define READING_H

#include <stddef.h>
#include <stdint.h>
#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#define HAS_PREAD
#endif

static uint32_t turned4(uint32_t bits)
{
    return bits << 24 | (bits & 0xFF00) << 8 | (bits >> 8 & 0xFF00) | bits >> 24;
}

/* Read all bytes that are asked for; return whether they were there. */
static int read_all(int file, int64_t offset, int64_t bytes, uint8_t *into)
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
