# gluesweep_add_kernels(TARGET SOURCE ...): compiles sources once for each instruction set, into the namespace
# GLUESWEEP_KERNELS, with the C library's vector functions where it has them. Which set is used is decided when the
# program starts, so one build serves all machines of a cluster.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)

check_cxx_source_compiles("
#if !defined(__x86_64__)
#error
#endif
int main() { return __builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\") ? 0 : 1; }"
                          GLUESWEEP_HAS_AVX2)
set(CMAKE_REQUIRED_LIBRARIES mvec m)
check_cxx_source_compiles("
extern \"C\" void _ZGVbN2v_tanh();
extern \"C\" void _ZGVdN4v_log1p();
int main() { _ZGVbN2v_tanh(); _ZGVdN4v_log1p(); }" GLUESWEEP_HAS_VECTOR_MATH)
unset(CMAKE_REQUIRED_LIBRARIES)

if(GLUESWEEP_HAS_AVX2)
  target_compile_definitions(gluesweep_options INTERFACE GLUESWEEP_AVX2)  # everywhere: all share one precompiled header
endif()

function(gluesweep_add_kernels target)
  # The functions set no errno, comparisons raise no flags: what vector code needs.
  set(options -fno-math-errno -fno-trapping-math -ffp-contract=fast)
  set(sets baseline)
  if(GLUESWEEP_HAS_AVX2)
    list(APPEND sets avx2)
  endif()
  foreach(set ${sets})
    add_library(${target}_kernels_${set} OBJECT ${ARGN})
    target_link_libraries(${target}_kernels_${set} PRIVATE gluesweep_options)
    target_compile_definitions(${target}_kernels_${set} PRIVATE GLUESWEEP_KERNELS=${set})
    target_compile_options(${target}_kernels_${set} PRIVATE ${options})
    if(GLUESWEEP_HAS_VECTOR_MATH)
      target_compile_definitions(${target}_kernels_${set} PRIVATE GLUESWEEP_VECTOR_MATH)
    endif()
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_kernels_${set}>)
  endforeach()
  if(GLUESWEEP_HAS_AVX2)
    target_compile_options(${target}_kernels_avx2 PRIVATE -mavx2 -mfma)
  endif()
  if(GLUESWEEP_HAS_VECTOR_MATH)
    target_link_libraries(${target} PUBLIC mvec m)
  endif()
endfunction()
