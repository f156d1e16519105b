/* bcryptprimitives.dll, which Rust's standard library has random numbers from and Wine 8 lacks: ProcessPrng by way of
 * RtlGenRandom, which is SystemFunction036 in advapi32. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#define RtlGenRandom SystemFunction036
BOOLEAN NTAPI RtlGenRandom(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) { return RtlGenRandom(data, (ULONG)length); }
