/* The SHA-256 of the C files of this folder, given by whoever compiles them; see loading.py. */
#ifndef CARFLOW_SOURCE
#define CARFLOW_SOURCE ""
#endif

const char *carflow_source = CARFLOW_SOURCE;
