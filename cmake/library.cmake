# SPDX-License-Identifier: Apache-2.0
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# Found here, at the top, so that every folder below sees the targets.
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
# For the load program and for tests.
pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl>=3.0)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.12)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls>=3.7.2)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.85)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive>=3.5)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.37)
# Its header alone: the library is loaded at run time, if it is asked for.
pkg_check_modules(LIBPQ REQUIRED libpq)

# berth_library(NAME SOURCES a.c b.c LINK other ...): the static library of one
# folder.  LINK names what the layer table in ARCHITECTURE.md allows it.
function(berth_library name)
	cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
	add_library(${name} STATIC ${ARG_SOURCES})
	target_link_libraries(${name} PUBLIC berth_flags ${ARG_LINK} Threads::Threads)
endfunction()

# berth_program(NAME SOURCES a.c LINK other ...): a program in build/bin.
function(berth_program name)
	cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
	add_executable(${name} ${ARG_SOURCES})
	target_link_libraries(${name} PRIVATE berth_flags ${ARG_LINK})
	install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()
