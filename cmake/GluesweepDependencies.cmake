# Finds what the layers link against. Nothing is downloaded.
find_package(yaml-cpp REQUIRED)
find_package(Torch REQUIRED)

# Debian's TorchConfig names its libraries but not every header path; newer ones carry a target.
add_library(gluesweep_torch INTERFACE)
target_link_libraries(gluesweep_torch INTERFACE ${TORCH_LIBRARIES})
target_include_directories(gluesweep_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
separate_arguments(gluesweep_torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(gluesweep_torch INTERFACE ${gluesweep_torch_flags})

if(GLUESWEEP_WITH_MPI)
  find_package(MPI REQUIRED COMPONENTS CXX)
  find_package(Boost REQUIRED COMPONENTS program_options)
  set(HDF5_PREFER_PARALLEL ON)
  find_package(HDF5 REQUIRED COMPONENTS C HL)
  if(NOT HDF5_IS_PARALLEL)
    message(FATAL_ERROR "The HDF5 found (${HDF5_VERSION}) was built without MPI; all ranks write one file. "
                        "Install a parallel one (Debian: libhdf5-openmpi-dev) or point HDF5_ROOT at it.")
  endif()
endif()

if(GLUESWEEP_WITH_REFERENCE)
  find_package(SUNDIALS REQUIRED COMPONENTS cvode nvecserial sunmatrixdense sunlinsoldense)
endif()

if(GLUESWEEP_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
