# gluesweep_add_layer(NAME SOURCES ... LINK ...): one static library per layer, with the project's warnings.
add_library(gluesweep_options INTERFACE)
target_compile_options(gluesweep_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wno-unknown-pragmas
                       $<$<BOOL:${GLUESWEEP_WARNINGS_AS_ERRORS}>:-Werror>)
target_include_directories(gluesweep_options INTERFACE "${PROJECT_SOURCE_DIR}/include")
if(GLUESWEEP_SANITIZE)
  target_compile_options(gluesweep_options INTERFACE -fsanitize=${GLUESWEEP_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(gluesweep_options INTERFACE -fsanitize=${GLUESWEEP_SANITIZE})
endif()

function(gluesweep_add_layer name)
  cmake_parse_arguments(LAYER "" "" "SOURCES;LINK" ${ARGN})
  add_library(gluesweep_${name} STATIC ${LAYER_SOURCES})
  target_link_libraries(gluesweep_${name} PUBLIC gluesweep_options ${LAYER_LINK})
endfunction()
