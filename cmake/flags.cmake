# SPDX-License-Identifier: Apache-2.0
# One interface library carries every flag, so that no target can miss one.
add_library(berth_flags INTERFACE)
target_include_directories(berth_flags INTERFACE
	${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_definitions(berth_flags INTERFACE
	_GNU_SOURCE _FILE_OFFSET_BITS=64
	BERTH_VERSION="${PROJECT_VERSION}")
target_compile_options(berth_flags INTERFACE
	-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Wundef
	-Wcast-qual -Wmissing-field-initializers
	-fno-strict-aliasing -fvisibility=hidden
	-ffunction-sections -fdata-sections)
target_link_options(berth_flags INTERFACE -Wl,--gc-sections -Wl,--as-needed)

if(BERTH_WERROR)
	target_compile_options(berth_flags INTERFACE -Werror)
endif()
if(CMAKE_C_COMPILER_ID MATCHES Clang)
	target_compile_options(berth_flags INTERFACE -Wthread-safety)
endif()
if(BERTH_FUZZ AND CMAKE_C_COMPILER_ID MATCHES Clang)
	target_compile_options(berth_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(BERTH_FAILPOINTS)
	target_compile_definitions(berth_flags INTERFACE BERTH_FAILPOINTS=1)
endif()
if(BERTH_SANITIZE)
	target_compile_options(berth_flags INTERFACE
		-fsanitize=${BERTH_SANITIZE} -fno-omit-frame-pointer -g)
	target_link_options(berth_flags INTERFACE -fsanitize=${BERTH_SANITIZE})
endif()

# Asserts stay on in a release: an invariant that broke must stop the program.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
if(CMAKE_BUILD_TYPE STREQUAL Release AND NOT BERTH_SANITIZE)
	target_compile_options(berth_flags INTERFACE
		-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
		-fstack-protector-strong -fPIE)
	target_link_options(berth_flags INTERFACE
		-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()
