// The API as an OpenAPI 3.0.3 document, made from the descriptors: paths from the `http` option, schemas and descriptions from the
// messages and their comments, refusals from the methods' "Errors:" lines and the error table, roles from the `access` option.
#ifndef FENFEN_MINI_PROGRAM_BRIDGE_OPENAPI_H_
#define FENFEN_MINI_PROGRAM_BRIDGE_OPENAPI_H_

#include <string>

#include "mini_program_bridge/api_descriptors.h"
#include "mini_program_bridge/route.h"

namespace fenfen::bridge {

// The document as JSON. The same input gives the same bytes.
std::string OpenApiDocument(const ApiDescriptors& api, const RouteTable& routes);

}  // namespace fenfen::bridge

#endif  // FENFEN_MINI_PROGRAM_BRIDGE_OPENAPI_H_
