# cmake -DSOURCE_DIR=... -DOUTPUT=... -P GitCommit.cmake: writes the commit of the sources into a header, and touches
# it only when that changed. "unknown" outside a git checkout; "+" for sources that differ from the commit.
set(commit "unknown")
find_program(GIT_EXECUTABLE git)
if(GIT_EXECUTABLE)
  execute_process(COMMAND ${GIT_EXECUTABLE} rev-parse --short=12 HEAD WORKING_DIRECTORY ${SOURCE_DIR}
                  OUTPUT_VARIABLE found RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(commit "${found}")
    execute_process(COMMAND ${GIT_EXECUTABLE} diff --quiet HEAD -- src include cmake CMakeLists.txt
                    WORKING_DIRECTORY ${SOURCE_DIR} RESULT_VARIABLE changed OUTPUT_QUIET ERROR_QUIET)
    if(changed)
      string(APPEND commit "+")
    endif()
  endif()
endif()
set(text "#pragma once\n\n#define GLUESWEEP_GIT_COMMIT \"${commit}\"\n")
set(old "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
if(NOT text STREQUAL old)
  file(WRITE "${OUTPUT}" "${text}")
endif()
