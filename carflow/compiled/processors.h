/* How a function is compiled for several kinds of processors at once, where the tools can; and what
   all of this folder takes for granted. */

#ifndef PROCESSORS_H
#define PROCESSORS_H

#if !defined(__clang__) && defined(__GNUC__) && __GNUC__ >= 12 && defined(__x86_64__) && \
    defined(__GLIBC__)
#define FOR_EACH_PROCESSOR \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

/* The tables that Python writes hold pointers of 64 bits; elsewhere this does not compile. */
typedef char pointers_have_64_bits[sizeof(void *) == 8 ? 1 : -1];

#endif
