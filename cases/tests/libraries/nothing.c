/* A library that replaces nothing. */
int allocheck_nothing(void) { return 0; }
