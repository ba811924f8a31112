# Writes the bytes of IN as the C++ function std::string_view NAME() (in namespace NAMESPACE) into OUT; HEADER declares it.
#   cmake -DIN=page.html -DOUT=page.cc -DHEADER=gateway/page.h -DNAMESPACE=hearth::gateway -DNAME=LivePage -P EmbedFile.cmake
file(READ "${IN}" bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE "${OUT}" "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\nnamespace {\nconstexpr char kBytes[] = {${bytes}};\n}  // namespace\n\nstd::string_view ${NAME}() { return {kBytes, sizeof kBytes}; }\n\n}  // namespace ${NAMESPACE}\n")
