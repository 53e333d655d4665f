import bpy

op = bpy.context.active_operator

op.projection = "EQUIRECTANGULAR"
op.input_curve = "SRGB"
op.world = "NEW"
op.destination = "SOURCE"
op.compression = "ZIP"
